"""Edges2Shoes, for spectralkit."""

from spectralkit_datasets_edges2shoes.edges2shoes import edges2shoes

__all__ = ["edges2shoes"]
