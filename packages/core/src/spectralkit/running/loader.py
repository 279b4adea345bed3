"""Where a run gets what takes long to load: its data set, its model and its metrics.

One run loads them for itself. Many runs in one process share them: :class:`Keeping` holds the latest model, the latest
few data sets, and as many metrics of each name, so that memory does not grow with the number of runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import attrs

from spectralkit.api import load_dataset
from spectralkit.data import TranslationDataset
from spectralkit.metric import Score, build_metric
from spectralkit.models.loading import build_model, is_fitted
from spectralkit.models.model import Model
from spectralkit.plugins.registered import Registered, takes_part, taking_part
from spectralkit.running.config import RunConfig


class Loader(Protocol):
    """Loads for a configuration whose data set is named."""

    def dataset(self, config: RunConfig) -> TranslationDataset:
        """The data set."""
        ...

    def model(self, config: RunConfig, dataset: TranslationDataset) -> Model:
        """The model, on its device; one that is fitted is fitted to ``dataset``."""
        ...

    def metric(self, config: RunConfig, name: str, dataset: TranslationDataset) -> Score:
        """A metric that has seen no sample."""
        ...


@attrs.frozen
class Afresh:
    """Everything is loaded when it is asked for."""

    def dataset(self, config: RunConfig) -> TranslationDataset:
        return load_dataset(str(config.dataset), **dataset_parameters(config))

    def model(self, config: RunConfig, dataset: TranslationDataset) -> Model:
        parameters = config.settings.get("model", {})
        return build_model(config.model, parameters, dataset=dataset, device=config.device)

    def metric(self, config: RunConfig, name: str, dataset: TranslationDataset) -> Score:
        return build_metric(name, config.settings.get(name, {}), dataset=dataset)


def dataset_parameters(config: RunConfig) -> dict[str, Any]:
    """What a run's data set is built with."""
    scale = {} if config.scale is None else {"scale": config.scale}
    return {**config.settings.get("dataset", {}), **scale}


@attrs.frozen
class _Kept:
    """Something loaded.

    Args:
        value: It.
        parts: What took part in loading it, and so in every run that uses it.
    """

    value: Any
    parts: tuple[Registered, ...]


MODELS, OTHERS = 1, 4
"""How many models, data sets and metrics of a name are kept."""


@attrs.define
class Keeping:
    """What was loaded last is kept for runs that ask for the same; for one thread."""

    _afresh: Afresh = attrs.field(factory=Afresh, init=False)
    _kept: dict[str, dict[str, _Kept]] = attrs.field(factory=dict, init=False)

    def dataset(self, config: RunConfig) -> TranslationDataset:
        found: TranslationDataset = self._get("dataset", _data(config), lambda: self._afresh.dataset(config))
        return found

    def model(self, config: RunConfig, dataset: TranslationDataset) -> Model:
        data = _data(config) if is_fitted(config.model) else ""
        key = f"{data} {(config.model, config.device, _told(config, 'model'))!r}"
        found: Model = self._get("model", key, lambda: self._afresh.model(config, dataset))
        return found

    def metric(self, config: RunConfig, name: str, dataset: TranslationDataset) -> Score:
        key = f"{_data(config)} {_told(config, name)!r}"
        found: Score = self._get(f"metric {name}", key, lambda: self._afresh.metric(config, name, dataset))
        found.reset()
        return found

    def _get(self, place: str, key: str, load: Callable[[], Any]) -> Any:
        kept = self._kept.setdefault(place, {})  # the latest is the last
        found = kept.pop(key, None)
        if found is None:
            while len(kept) >= (MODELS if place == "model" else OTHERS):
                kept.pop(next(iter(kept)))  # before the next is loaded: there is memory for so many
            with taking_part() as parts:
                value = load()
            found = _Kept(value, tuple(parts))
        kept[key] = found
        for registered in found.parts:
            takes_part(registered)
        return found.value


def _data(config: RunConfig) -> str:
    return repr((config.dataset, config.scale, config.source, config.target, _told(config, "dataset")))


def _told(config: RunConfig, part: str) -> list[tuple[str, Any]]:
    return sorted(config.settings.get(part, {}).items())
