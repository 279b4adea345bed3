"""Null-class inversion for spectralkit."""

from spectralkit_methods_null_class.null_class import NullClassSampler, Pivot, null_class

__all__ = ["NullClassSampler", "Pivot", "null_class"]
