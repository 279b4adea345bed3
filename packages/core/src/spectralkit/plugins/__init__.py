"""Plugins: what they declare, how they are found, and names turned into code; the face of plugin authors.

    from spectralkit.plugins import MethodSpec, hookimpl

Nothing in this room imports torch.
"""

from __future__ import annotations

from spectralkit.plugins.hookspecs import hookimpl
from spectralkit.plugins.specs import (
    CommandSpec,
    DatasetSpec,
    MethodSpec,
    MetricSpec,
    ModelSpec,
    ParameterizationSpec,
)

__all__ = [
    "CommandSpec",
    "DatasetSpec",
    "MethodSpec",
    "MetricSpec",
    "ModelSpec",
    "ParameterizationSpec",
    "hookimpl",
]
