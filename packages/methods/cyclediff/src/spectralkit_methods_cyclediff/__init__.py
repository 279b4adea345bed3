"""CycleDiff for spectralkit."""

from spectralkit_methods_cyclediff.cyclediff import ComponentSampler, ComponentStep, cyclediff
from spectralkit_methods_cyclediff.directory import read_translators
from spectralkit_methods_cyclediff.translators import Domain, Translators

__all__ = ["ComponentSampler", "ComponentStep", "Domain", "Translators", "cyclediff", "read_translators"]
