"""Conformance checks, oracles and Hypothesis strategies for plugin authors."""

from spectralkit.testing.suite import Suite, Verdict, conformance, suite

__all__ = ["Suite", "Verdict", "conformance", "suite"]
