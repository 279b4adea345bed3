"""What the tests share lies beside them, in ``bench_toys``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
