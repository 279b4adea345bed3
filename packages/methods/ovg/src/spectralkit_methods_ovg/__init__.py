"""Orthogonal Variance Guidance for spectralkit."""

from spectralkit_methods_ovg.ovg import OrthogonalVarianceGuidance, gradients, ovg, project

__all__ = ["OrthogonalVarianceGuidance", "gradients", "ovg", "project"]
