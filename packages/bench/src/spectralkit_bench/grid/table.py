"""A grid's table, from its plan and what is done of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spectralkit_bench.grid.line import Line
from spectralkit_bench.grid.plan import Plan
from spectralkit_bench.tables.notes import notes
from spectralkit_bench.tables.result import Result
from spectralkit_bench.tables.shares import Shares, shares
from spectralkit_bench.tables.table import Table, tabulate


def table_of(plan: Plan, documents: Mapping[str, Any], errors: Mapping[str, str]) -> Table | Shares:
    """The scores of a plan, or what share of them is improved.

    Args:
        plan: What belongs into it.
        documents: ``metrics.json`` by key, of the cells that are done.
        errors: Why others failed, by key.
    """
    waiting = len([key for key in plan.keys if key not in documents and key not in errors])
    unfinished = (f"not finished: {waiting} of {len(plan.keys)} cells are still to be run",) if waiting else ()
    results = results_of(plan, documents, errors)
    beside = (*plan.absent, *unfinished)
    if plan.improved is None:
        return tabulate(plan.title, results, (*notes(results), *beside))
    units = [unit for unit in plan.improved.units(plan.lines) if all(key in documents for key in unit)]
    told = f"{' or '.join(plan.improved.after)} against {' or '.join(plan.improved.before)}, pair by pair"
    if not units:
        told += ": no pair is done"
    documented = [(documents[a], documents[b]) for a, b in units]
    return shares(plan.title, documented, (told, *notes(results)[:1], *beside))


def results_of(plan: Plan, documents: Mapping[str, Any], errors: Mapping[str, str]) -> list[Result]:
    """The lines of a plan with what is done, and why the rest is not."""
    return [_result(plan, line, documents, errors) for line in plan.lines]


def _result(plan: Plan, line: Line, documents: Mapping[str, Any], errors: Mapping[str, str]) -> Result:
    return Result(
        labels={axis: line.labels[axis] for axis in plan.shown},
        method=line.method,
        documents={seed: documents[key] for seed, key in line.runs.items() if key in documents},
        refusals=line.refusals,
        failures=tuple(dict.fromkeys(errors[key] for key in line.runs.values() if key in errors)),
        section=line.section,
        rivals=" ".join(line.labels[axis] for axis in plan.within),
    )
