"""From a configuration to the task of ``spectralkit train-autoencoder``."""

from __future__ import annotations

import torch

from spectralkit.running.config import check_parts
from spectralkit_models_training.aside import Aside
from spectralkit_models_training.assembly import Assembled, training_set
from spectralkit_models_training.autoencoder.config import AutoencoderConfig
from spectralkit_models_training.autoencoder.task import AutoencoderTask
from spectralkit_models_training.bank import digest


def assemble_autoencoder(config: AutoencoderConfig, device: torch.device, aside: Aside) -> Assembled:
    """The task of a configuration; nothing of it takes a while.

    Raises:
        SpectralkitError: If something is unknown or does not fit.
    """
    check_parts(config.settings, {"dataset"})
    data = training_set(config)
    task = AutoencoderTask.build(config, data)
    start = {"start_sha256": digest(task.module.autoencoder)} if config.start else {}
    return Assembled(task, {"data_sha256": data.digest, **start}, rests=True)
