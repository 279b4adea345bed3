"""Immunohistochemistry, super-resolution and edges to image, for spectralkit."""

from spectralkit_datasets_ihc.ihc import Ihc
from spectralkit_datasets_ihc.training import IhcTraining

__all__ = ["Ihc", "IhcTraining"]
