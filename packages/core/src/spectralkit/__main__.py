"""``python -m spectralkit``."""

import sys

from spectralkit.cli.main import main

sys.exit(main())
