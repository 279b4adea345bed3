"""What every method obeys."""

from spectralkit.testing import conformance

test_ovg = conformance("method", "ovg")
test_normalised_ovg = conformance("method", "ovg", variant="normalised")
