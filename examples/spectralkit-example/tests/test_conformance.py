from spectralkit.testing import conformance

test_energy_match = conformance("method", "energy-match")
test_total_variation = conformance("metric", "total-variation")
