"""The laws every method obeys, with random translators from a directory."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp

from spectralkit.testing import conformance
from spectralkit_methods_cyclediff.testing import save_random

test_cyclediff = conformance("method", "cyclediff", translators=str(save_random(Path(mkdtemp()) / "translators")))
