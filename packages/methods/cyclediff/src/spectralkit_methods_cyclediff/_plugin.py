"""Registration."""

from __future__ import annotations

from spectralkit.plugins import CommandSpec, MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """CycleDiff."""
    return (
        MethodSpec(
            name="cyclediff",
            target="spectralkit_methods_cyclediff.cyclediff:cyclediff",
            summary="Translates the clean component of every state with a network trained for the pair of domains",
            citation="Zou et al. 2025, arXiv:2508.06625 (here with a frozen diffusion model)",
            trained=True,
            cost="(N + 1) F + N F, and N forwards of a translator",
            state="x_T and the clean components {C_i} of its levels",
        ),
    )


@hookimpl
def spectralkit_commands() -> tuple[CommandSpec, ...]:
    """The trainer of its translators."""
    return (
        CommandSpec(
            name="train-cyclediff",
            target="spectralkit_methods_cyclediff.training.command:train_cyclediff",
            summary="Train the translators of cyclediff between two conditions of a frozen diffusion model",
        ),
    )
