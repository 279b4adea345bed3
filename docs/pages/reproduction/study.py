"""A study's numbers: of the runs in a store, and of the images that they are held against."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import torch
from torch import Tensor

from pages.reproduction.distances import DISTANCES, Interval, resamples
from pages.reproduction.measures import Measures, measured
from pages.reproduction.results import ENERGY, UNIT, Cell, Study, Yardstick
from pages.reproduction.roles import ROLES, Filled
from pages.reproduction.scene import Images, Scene
from spectralkit.models.model import Model
from spectralkit_bench.grid.line import Line
from spectralkit_bench.store.store import Store
from spectralkit_datasets_ihc import IhcTraining


def digest(lines: Sequence[Line]) -> str:
    """Of what the runs are made of: configurations, versions, weights."""
    keys = [key for line in lines for key in line.cells.values()]
    return hashlib.sha256(json.dumps(keys).encode()).hexdigest()


def study(filled: Filled, scene: Scene, model: Model, lines: Sequence[Line], store: Store) -> Study:
    """The numbers of a model in a setting, of all that is in the store."""
    by_method = {line.labels["method"]: line for line in lines}
    outcomes = {method: found for method, line in by_method.items() if (found := _outcomes(line, scene, store))}
    resampled = {method: _resampled(runs, scene) for method, runs in outcomes.items()}
    failed = store.errors
    errors = {
        method: [failed[key] for key in line.runs.values() if key in failed] for method, line in by_method.items()
    }
    reasons = {method: (*line.refusals, *errors[method]) for method, line in by_method.items()}
    where = f"on `{filled.role}`, {scene.setting.name}"
    return Study(
        role=filled.role,
        source=filled.source,
        setting=scene.setting.name,
        key="" if any(errors.values()) else digest(lines),
        told=_told(filled.role, model),
        caption=_caption(scene),
        yardsticks=tuple(_yardstick(images, scene) for images in scene.yardsticks(model)),
        cells={
            method: _cell(runs, _less(method, resampled), by_method[method], scene) for method, runs in outcomes.items()
        },
        refusals={method: f"`{method}` {where}, is refused: {why[0]}" for method, why in reasons.items() if why},
    )


@attrs.frozen(eq=False)
class Outcome:
    """One run: its ``metrics.json``, and what its images say beyond."""

    document: Mapping[str, Any]
    measures: Measures

    def value(self, name: str) -> float:
        """A score."""
        if name == UNIT:
            return float(self.measures.detail.mean())
        if name == ENERGY:
            return float(self.document["details"]["s-g"]["mean(r)/d"])
        return float(self.document["scores"][name])


def _outcomes(line: Line, scene: Scene, store: Store) -> dict[int, Outcome]:
    documents = store.documents(line.runs.values())
    return {
        seed: Outcome(documents[cell], measured(store.place(cell), scene.ids, scene.detail))
        for seed, cell in line.runs.items()
        if cell in documents
    }


def _cell(runs: Mapping[int, Outcome], less: Mapping[str, Interval], line: Line, scene: Scene) -> Cell:
    names = (*next(iter(runs.values())).document["scores"], UNIT, ENERGY)
    return Cell(
        seeds=tuple(runs),
        scores={name: tuple(run.value(name) for run in runs.values()) for name in names},
        random=line.runs == line.cells,
        off=_off(torch.stack([run.measures.power.mean(0) for run in runs.values()]).mean(0), scene),
        less=less,
    )


def _less(method: str, resampled: Mapping[str, dict[str, Tensor]]) -> dict[str, Interval]:
    """By distance, that of a method less that of standard."""
    if method == "standard" or "standard" not in resampled:
        return {}
    pairs = {name: (ours, resampled["standard"][name]) for name, ours in resampled[method].items()}
    return {name: Interval.of(float(a[0] - b[0]), a[1:] - b[1:]) for name, (a, b) in pairs.items()}


def _resampled(runs: Mapping[int, Outcome], scene: Scene) -> dict[str, Tensor]:
    """(1 + R,) by distance: of all images, then of every resample; means over seeds."""
    weights = torch.cat([torch.ones(1, scene.count, dtype=torch.long), resamples(scene.count)])
    return {
        name: torch.stack([distance(run.measures.features, scene.real, weights) for run in runs.values()]).mean(0)
        for name, distance in DISTANCES.items()
    }


def _off(power: Tensor, scene: Scene) -> tuple[float, ...]:
    return tuple(map(float, power - scene.power))


def _yardstick(images: Images, scene: Scene) -> Yardstick:
    features = images.measures.features
    ones = torch.ones(1, len(features))
    distances = {name: float(distance(features, scene.real, ones)) for name, distance in DISTANCES.items()}
    scores = {**images.scores, **distances, UNIT: float(images.measures.detail.mean())}
    return Yardstick(
        told=images.told,
        scores={name: value for name, value in scores.items() if math.isfinite(value)},
        off=_off(images.measures.power.mean(0), scene),
    )


def _told(role: str, model: Model) -> str:
    """The model in words, with a warning where it may know what is held out here."""
    training = model.provenance.get("training", {})
    steps = f", {training['steps']} training steps" if "steps" in training else ""
    split = IhcTraining().digest in json.dumps(model.provenance, default=str)
    warning = "" if split or not training else "; **trained on another split, which may hold what is held out here**"
    return f"{ROLES[role].told}{steps}{warning}"


def _caption(scene: Scene) -> str:
    return (
        f"Distances to {len(scene.real)} real crops; S_HF: mu = {scene.range_255.reference.mu:.2f} on [0, 255], "
        f"{scene.detail.reference.mu:.2f} on [0, 1]; S_G of white noise: about {1 - 0.869 / scene.count**0.5:.2f}."
    )
