"""Registration."""

from __future__ import annotations

from spectralkit.plugins import CommandSpec, hookimpl


@hookimpl
def spectralkit_commands() -> tuple[CommandSpec, ...]:
    """The trainers."""
    return (
        CommandSpec(
            name="train",
            target="spectralkit_models_training.command:train",
            summary="Train a class-conditional diffusion model, on pixels or latents",
        ),
        CommandSpec(
            name="train-autoencoder",
            target="spectralkit_models_training.command:train_autoencoder",
            summary="Train the autoencoder of a latent diffusion",
        ),
    )
