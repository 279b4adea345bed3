"""Conformance checks, oracles and Hypothesis strategies for plugin authors."""
