"""The runs of a plan: cells of a store, done or found."""

from __future__ import annotations

import warnings

from pages.reproduction.measures import measured
from pages.reproduction.plan import Plan
from pages.reproduction.results import Cell, Outcome, Results
from pages.reproduction.scene import Scene
from spectralkit.running.loader import Keeping
from spectralkit_bench.commands.live import followed
from spectralkit_bench.executors.local import InProcess
from spectralkit_bench.grid.plan import resolve
from spectralkit_bench.store.store import Store
from spectralkit_metrics_perceptual import RankDeficiencyWarning


def collect(plan: Plan, *, only_found: bool) -> Results:
    """Every run of the plan that is in its store, or, unless ``only_found``, every run.

    A run that is refused, as of a model that does not know the setting's condition, is told and passed over.

    Raises:
        SpectralkitError: If a model cannot be loaded, or the store cannot be used.
    """
    grid, loader = plan.grid(), Keeping()
    with followed(quiet=only_found) as board:
        resolved, cells = resolve(grid, loader, board.tell)
        store = Store.make(plan.store)
        store.add(cells, grid=grid.name, plan=resolved.as_table())
        if not only_found:
            store.retry(resolved.keys)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RankDeficiencyWarning)  # the page prints N beside every distance
                InProcess(loader).run(store, resolved.keys, board)
    results = Results(plan, {setting.name: Scene(setting, plan.samples) for setting in plan.settings})
    for name, scene in results.scenes.items():
        for filled in plan.models:
            config = plan.config(filled, scene.setting)
            results.models[filled.role, name] = loader.model(config, scene.dataset)
    documents, errors = store.documents(resolved.keys), store.errors
    for line in resolved.lines:
        key = role, setting, method = line.labels["model"], line.section, line.labels["method"]
        for reason in (*line.refusals, *(errors[cell] for cell in line.runs.values() if cell in errors)):
            results.refusals[key] = f"`{method}` on `{role}`, {setting}, is refused: {reason}"
        scene = results.scenes[setting]
        outcomes = {
            seed: Outcome(documents[cell], measured(store.place(cell), scene.ids, scene.detail))
            for seed, cell in line.runs.items()
            if cell in documents
        }
        if outcomes:
            results.cells[key] = Cell(outcomes, random=line.runs == line.cells)
    return results
