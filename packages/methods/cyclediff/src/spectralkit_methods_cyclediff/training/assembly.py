"""From a configuration to the task of ``spectralkit train-cyclediff``."""

from __future__ import annotations

import hashlib
from typing import Any

import torch

from spectralkit.api import load_dataset
from spectralkit.data import TrainingSet
from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.errors import ConfigurationError, DataError, UnknownNameError
from spectralkit.inversion.noise import Noise
from spectralkit.models.coding import encoded
from spectralkit.models.loading import build_model
from spectralkit.models.model import Model
from spectralkit.plugins.text import nearest, times
from spectralkit.running.config import check_parts
from spectralkit_methods_cyclediff.directory import Facts
from spectralkit_methods_cyclediff.training.components import Components, Predictor
from spectralkit_methods_cyclediff.training.config import CyclediffConfig
from spectralkit_methods_cyclediff.training.networks import Judges, Pair
from spectralkit_methods_cyclediff.training.task import SHOWN, CyclediffTask
from spectralkit_models_training.aside import Aside
from spectralkit_models_training.assembly import Assembled, training_set
from spectralkit_models_training.bank import digest, remembered
from spectralkit_models_training.scoring import Yardstick

SCORED = 6 * SHOWN
"""Translations that are scored."""


def assemble(config: CyclediffConfig, device: torch.device, aside: Aside) -> Assembled:
    """The task of a configuration.

    Args:
        config: What is asked for.
        device: Where it will be trained.
        aside: Where the components are kept, and who is told that they are predicted.

    Raises:
        SpectralkitError: If something is unknown or does not fit.
    """
    check_parts(config.settings, {"dataset", "model"})
    data = training_set(config)
    model = build_model(config.model, config.settings.get("model", {}), dataset=None, device=device)
    ends = _ends(config, data, model)
    crops = data.draw([ends[0]] * SCORED, config.size, torch.Generator().manual_seed(config.seed + 1))
    _check_crops(config, model, tuple(crops.shape[1:]))
    shape = tuple(encoded(model, crops[:1], Noise(config.seed, ["shape"])).shape[1:])
    torch.manual_seed(config.seed)
    pair, judges = Pair(config, shape), Judges(config, shape)  # before what takes a while: their shapes may not fit
    weights = identity(model)
    predictor = Predictor(model, data, config.size, config.levels, config.seed)

    def predict() -> torch.Tensor:
        aside.tell(f"predicting {2 * config.bank} components")
        return torch.stack([predictor.rows(end, config.bank) for end in ends])

    key = (data.digest, weights, ends, config.size, config.bank, config.levels, config.seed)
    rows = remembered(aside.folder and aside.folder / "bank.safetensors", repr(key), predict, aside.keep)
    clock = predictor.times(config.bank)
    names = data.conditions[ends[0]], data.conditions[ends[1]]
    facts = Facts(
        model=model.name,
        process={name: value for name, value in model.provenance.items() if name != "training"},
        dataset=config.dataset,
        source=names[0],
        target=names[1],
        shape=(shape[0], shape[1], shape[2]),
        training={},
    )
    task = CyclediffTask(
        config=config,
        model=model,
        names=names,
        source=Components(rows[0], clock),
        target=Components(rows[1], clock),
        crops=crops,
        yardstick=Yardstick.of(config, data, ends[1]),
        facts=facts,
        module=pair,
        judges=judges,
    )
    measured: dict[str, Any] = {"source": names[0], "target": names[1], "state": times(shape)}
    return Assembled(task, {"data_sha256": data.digest, "model_sha256": weights}, measured)


def identity(model: Model) -> str:
    """SHA-256 of a model's weights; of a closed form, of all that is said of it."""
    if isinstance(model.denoiser, NetworkDenoiser):
        return digest(model.denoiser.network)
    return hashlib.sha256(repr((model.name, model.dataset, model.provenance)).encode()).hexdigest()


def _ends(config: CyclediffConfig, data: TrainingSet, model: Model) -> tuple[int, int]:
    """Numbers of source and target among the data set's domains."""
    names = _names(config)
    for name in names:
        model.condition(name)
        if name not in data.conditions:
            raise UnknownNameError(
                f"data set '{config.dataset}' has no domain {name!r}: {nearest(name, data.conditions)}it has "
                f"{', '.join(data.conditions)}"
            )
    if names[0] == names[1]:
        raise ConfigurationError(f"source and target are both {names[0]!r}: choose two conditions")
    return data.conditions.index(names[0]), data.conditions.index(names[1])


def _names(config: CyclediffConfig) -> tuple[str, str]:
    """Source and target, the data set's own where they are not given."""
    if config.source is not None and config.target is not None:
        return config.source, config.target
    dataset = load_dataset(config.dataset, **config.settings.get("dataset", {}))
    return config.source or dataset.source, config.target or dataset.target


def _check_crops(config: CyclediffConfig, model: Model, shape: tuple[int, ...]) -> None:
    if not model.takes(shape):
        raise DataError(
            f"crops of {times(shape)} do not fit model '{config.model}', which takes {times(model.shape)}: choose "
            "another --size or data set"
        )
