"""What every model obeys, of the shipped checkpoint."""

from spectralkit.testing import conformance

test_edm = conformance("model", "edm")
