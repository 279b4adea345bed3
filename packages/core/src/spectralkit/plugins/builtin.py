"""The kit's own plugin: standard inversion, the closed-form model and the commands."""

from __future__ import annotations

from spectralkit.plugins.hookspecs import hookimpl
from spectralkit.plugins.specs import CommandSpec, MethodSpec, ModelSpec


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """Standard inversion, the unit of composition."""
    return (
        MethodSpec(
            name="standard",
            target="spectralkit.inversion.parts:standard",
            summary="DDIM or Euler inversion: the same levels walked up under the source, down under the target",
            citation="Song et al. 2020, arXiv:2010.02502",
        ),
    )


@hookimpl
def spectralkit_models() -> tuple[ModelSpec, ...]:
    """The oracle."""
    return (
        ModelSpec(
            name="gaussian",
            target="spectralkit.models.gaussian:gaussian_model",
            summary="Closed-form denoiser: a mean and a power spectrum per condition, fitted to the data in seconds",
            dataset="ihc",
            fitted=True,
        ),
    )


@hookimpl
def spectralkit_commands() -> tuple[CommandSpec, ...]:
    """What ``spectralkit`` does without further packages."""
    return (
        CommandSpec(
            name="run",
            target="spectralkit.cli.run:command",
            summary="Translate a data set with a model and a method, and score the result",
        ),
        CommandSpec(
            name="translate",
            target="spectralkit.cli.translate:command",
            summary="Translate image files or a folder of them",
        ),
        CommandSpec(
            name="evaluate",
            target="spectralkit.cli.evaluate:command",
            summary="Score pictures that anything has made, by every registered metric",
        ),
        CommandSpec(
            name="plugins",
            target="spectralkit.cli.plugins:command",
            summary="List the installed plugins, broken and blocked ones included",
        ),
        *(
            CommandSpec(
                name=f"{kind}s", target=f"spectralkit.cli.listing:{kind}s", summary=f"List the installed {what}"
            )
            for kind, what in (
                ("method", "inversion methods"),
                ("metric", "metrics"),
                ("model", "models"),
                ("parameterization", "parameterizations"),
            )
        ),
        CommandSpec(
            name="datasets",
            target="spectralkit.cli.datasets:command",
            summary="List the installed data sets, draw samples of one, or index the download of one",
        ),
        CommandSpec(
            name="describe",
            target="spectralkit.cli.describe:command",
            summary="Explain one method, metric, model, data set or parameterization: its parameters and its source",
        ),
        CommandSpec(
            name="check",
            target="spectralkit.cli.check:command",
            summary="Verify the laws that everything of its kind obeys on one method, metric, model, data set, ...",
        ),
    )
