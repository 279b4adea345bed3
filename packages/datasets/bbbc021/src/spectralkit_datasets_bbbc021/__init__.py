"""BBBC021, for spectralkit."""

from spectralkit_datasets_bbbc021.bbbc021 import bbbc021

__all__ = ["bbbc021"]
