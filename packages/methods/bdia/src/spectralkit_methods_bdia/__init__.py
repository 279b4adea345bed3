"""BDIA for spectralkit."""

from spectralkit_methods_bdia.bdia import BidirectionalSampler, BidirectionalStep, bdia

__all__ = ["BidirectionalSampler", "BidirectionalStep", "bdia"]
