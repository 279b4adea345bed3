"""Direct inversion for spectralkit."""

from spectralkit_methods_direct.direct import Branch, DirectSampler, direct

__all__ = ["Branch", "DirectSampler", "direct"]
