"""CycleDiffusion for spectralkit."""

from spectralkit_methods_cyclediffusion.cyclediffusion import DPMEncoder, cyclediffusion

__all__ = ["DPMEncoder", "cyclediffusion"]
