"""The runs of a plan, done or found."""

from __future__ import annotations

import warnings

import attrs

from pages import kept
from pages.reproduction.measures import measured
from pages.reproduction.plan import Plan
from pages.reproduction.results import Cell, Outcome, Results
from pages.reproduction.roles import ROLES, Filled, register_quiet
from pages.reproduction.scene import Scene
from spectralkit.errors import SpectralkitError
from spectralkit.models.model import Model
from spectralkit_metrics_perceptual import RankDeficiencyWarning


def collect(plan: Plan, *, only_found: bool) -> Results:
    """Every run of the plan that is there, or, unless ``only_found``, every run.

    A run that is refused, as of a model that does not know the setting's condition, is told and passed over.

    Raises:
        SpectralkitError: If a model cannot be loaded.
    """
    scenes = {setting.name: Scene(setting, plan.samples) for setting in plan.settings}
    results = Results(plan, scenes)
    for name, scene in scenes.items():
        for filled in plan.models:
            model = filled.load(scene.dataset)
            results.models[filled.role, name] = model
            runs = _Runs(plan, scene, filled, model, only_found)
            for method in ROLES[filled.role].methods:
                key = (filled.role, name, method)
                try:
                    outcomes = runs.of(method)
                except SpectralkitError as error:
                    results.refusals[key] = f"`{method}` on `{filled.role}`, {name}, is refused: {error}"
                    continue
                if outcomes:
                    results.cells[key] = Cell(outcomes, kept.is_random(method, model))
    return results


@attrs.frozen(eq=False)
class _Runs:
    """The runs of one model in one setting."""

    plan: Plan
    scene: Scene
    filled: Filled
    model: Model
    only_found: bool

    def of(self, method: str) -> dict[int, Outcome]:
        """By seed, as far as they are there.

        Raises:
            SpectralkitError: If one is refused.
        """
        self.model.check_fits(self.scene.dataset)
        seeds = self.plan.seeds if kept.is_random(method, self.model) else self.plan.seeds[:1]
        found = {seed: self._outcome(method, seed) for seed in seeds}
        return {seed: outcome for seed, outcome in found.items() if outcome}

    def _outcome(self, method: str, seed: int) -> Outcome | None:
        config = self.plan.config(self.filled, self.scene.setting, method, seed)
        directory = kept.place(self.plan.cache, config, self.model)
        if not directory.exists():
            if self.only_found:
                return None
            if self.filled.is_quiet:
                register_quiet()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RankDeficiencyWarning)  # the page prints N beside every distance
                kept.run(directory, config, f"{self.filled.role}, {self.scene.setting.name}: {method}, seed {seed}")
        return Outcome(kept.document(directory), measured(directory, self.scene.ids, self.scene.detail))
