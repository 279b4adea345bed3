"""SDEdit for spectralkit."""

from spectralkit_methods_sdedit.sdedit import NoisedStart, sdedit

__all__ = ["NoisedStart", "sdedit"]
