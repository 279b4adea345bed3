"""The runs of a plan, done as cells of a store, and their numbers, kept study by study."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from pages.reproduction import keeping
from pages.reproduction.plan import Plan
from pages.reproduction.results import Results
from pages.reproduction.roles import ROLES
from pages.reproduction.scene import Scene
from pages.reproduction.study import digest, study
from spectralkit.running.loader import Keeping
from spectralkit_bench.commands.live import followed
from spectralkit_bench.executors.board import Board
from spectralkit_bench.executors.choice import Crew, local
from spectralkit_bench.grid.line import Line
from spectralkit_bench.grid.plan import resolve
from spectralkit_bench.store.store import Store
from spectralkit_metrics_perceptual import RankDeficiencyWarning


def collect(plan: Plan, path: Path) -> Results:
    """The numbers kept in ``path``, after every run of the plan that they lack.

    A run that is refused, as of a model that does not know the setting's condition, is told and passed over.

    Raises:
        SpectralkitError: If a model cannot be loaded, or the store cannot be used.
    """
    results, loader = keeping.read(path, plan.nothing), Keeping()
    executor, grid = local(plan.workers, loader), plan.grid()
    with followed(quiet=False) as board:
        resolved, cells = resolve(grid, loader, board.tell)
        store = Store.make(plan.store)
        store.add(cells, grid=grid.name, plan=resolved.as_table())
        with executor.crew(store) as crew:
            for setting in plan.settings:
                scene = Scene(setting, plan.samples)
                for filled in plan.models:
                    found = (setting.name, filled.role)
                    lines = [line for line in resolved.lines if (line.section, line.labels["model"]) == found]
                    kept = results.study(filled.role, setting.name)
                    if kept is not None and kept.key == digest(lines):
                        continue
                    if ROLES[filled.role].of and not any(line.cells for line in lines):
                        continue  # a model that cannot be run otherwise
                    _run(crew, store, lines, board)
                    model = loader.model(plan.config(filled, setting), scene.dataset)
                    results = keeping.with_study(results, study(filled, scene, model, lines, store))
                    keeping.write(results, path)
    return results


def _run(crew: Crew, store: Store, lines: Sequence[Line], board: Board) -> None:
    keys = list(dict.fromkeys(key for line in lines for key in line.cells.values()))
    store.retry(keys)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RankDeficiencyWarning)  # the page prints N beside every distance
        crew.run(keys, board)
