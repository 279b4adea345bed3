"""The hooks a plugin may implement; each returns specs and imports neither torch nor diffusers."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from spectralkit.plugins.specs import CommandSpec, DatasetSpec, MethodSpec, MetricSpec, ModelSpec, ParameterizationSpec

PROJECT = "spectralkit"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def spectralkit_parameterizations() -> Iterable[ParameterizationSpec]:
    """Diffusion processes: a noise schedule with the meaning of the network's output."""
    return ()


@hookspec
def spectralkit_methods() -> Iterable[MethodSpec]:
    """Inversion methods."""
    return ()


@hookspec
def spectralkit_metrics() -> Iterable[MetricSpec]:
    """Scores of latents and images."""
    return ()


@hookspec
def spectralkit_models() -> Iterable[ModelSpec]:
    """Denoisers with their codec, conditions and schedule."""
    return ()


@hookspec
def spectralkit_datasets() -> Iterable[DatasetSpec]:
    """Translation problems."""
    return ()


@hookspec
def spectralkit_commands() -> Iterable[CommandSpec]:
    """Subcommands of ``spectralkit``."""
    return ()
