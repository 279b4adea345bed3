"""Autoencoders that a training asks for by name: a directory's, or that of a registered latent model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from torch import nn

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.documents import CONFIG
from spectralkit.models.latent import LatentCodec
from spectralkit.models.loading import load_model
from spectralkit.plugins.catalog import known
from spectralkit.plugins.registry import registry
from spectralkit.plugins.text import nearest
from spectralkit_models_training.autoencoder.directory import Facts, read_autoencoder, tried
from spectralkit_models_training.config import TrainingConfig


def find_autoencoder(name: str, config: TrainingConfig, channels: int) -> tuple[nn.Module, Facts]:
    """A frozen autoencoder that fits what a training asks for, and what is known of it.

    Args:
        name: A directory, or a model's name.
        config: Of the training.
        channels: Of its images.

    Raises:
        SpectralkitError: If there is none, or it does not fit the data or the size.
    """
    network, facts = read_autoencoder(Path(name)) if is_path(name) else _of_model(name)
    if facts.dataset not in (None, config.dataset):
        raise DataError(
            f"autoencoder {name} was trained on data set '{facts.dataset}', not '{config.dataset}': train one on it"
        )
    if (takes := cast(Any, network).config.in_channels) != channels:
        raise DataError(
            f"autoencoder {name} takes images of {takes} channels, but data set '{config.dataset}' has {channels}: "
            "train one on it"
        )
    if config.size % facts.factor:
        raise ConfigurationError(
            f"size {config.size} is no multiple of {facts.factor}, the factor of autoencoder {name}: choose another "
            "size"
        )
    return network, facts


def _of_model(name: str) -> tuple[nn.Module, Facts]:
    """The autoencoder of a latent model, and what is known of it."""
    if name not in (names := {*registry().names("model"), *known("model")}):
        raise DataError(
            f"no autoencoder at {name}: {nearest(name, names)}name a latent model, or a directory that holds {CONFIG} "
            "and its weights"
        )
    model = load_model(name)
    if not isinstance(model.codec, LatentCodec):
        raise DataError(f"model '{name}' works on pixels and has no autoencoder: name another, or a directory")
    network = cast(nn.Module, model.codec.autoencoder)
    factor, channels = tried(network, name)
    return network, Facts(factor=factor, channels=channels, dataset=model.dataset)


def is_path(name: str) -> bool:
    """Whether an autoencoder is named by a directory rather than by a registered model."""
    return "/" in name or Path(name).is_dir()
