"""What every method obeys."""

from spectralkit.testing import conformance

test_taba = conformance("method", "taba")
