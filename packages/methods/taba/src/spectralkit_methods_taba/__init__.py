"""There and Back Again for spectralkit."""

from spectralkit_methods_taba.taba import ForwardStart, taba

__all__ = ["ForwardStart", "taba"]
