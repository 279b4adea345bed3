"""A method and a metric for spectralkit, as a third party writes them."""

from spectralkit_example.energy_match import EnergyMatch, energy_match
from spectralkit_example.total_variation import TotalVariation

__all__ = ["EnergyMatch", "TotalVariation", "energy_match"]
