"""EDICT for spectralkit."""

from spectralkit_methods_edict.edict import CoupledSampler, CoupledStep, edict

__all__ = ["CoupledSampler", "CoupledStep", "edict"]
