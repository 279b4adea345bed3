"""Immunohistochemistry super-resolution for spectralkit."""

from spectralkit_datasets_ihc.ihc import Ihc, IhcTraining

__all__ = ["Ihc", "IhcTraining"]
