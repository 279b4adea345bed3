"""The laws every method obeys."""

from __future__ import annotations

from spectralkit.testing import conformance

test_edict = conformance("method", "edict")
