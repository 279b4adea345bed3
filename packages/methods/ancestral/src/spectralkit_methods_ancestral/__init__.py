"""Ancestral sampling for spectralkit."""

from spectralkit_methods_ancestral.ancestral import AncestralSampler, ancestral

__all__ = ["AncestralSampler", "ancestral"]
