"""A table as numbers: a JSON document, and CSV with one record a line."""

from __future__ import annotations

import csv
import io
from typing import Any

from spectralkit_bench.tables.result import metric_of
from spectralkit_bench.tables.table import Line, Table


def document(table: Table) -> dict[str, Any]:
    """All numbers of the table, those of every seed too."""
    return {
        "title": table.title,
        "columns": [{"name": column.name, "better": metric_of(column.name).better} for column in table.columns],
        "lines": [_line(line) for line in table.lines],
        "notes": list(table.notes),
    }


def _line(line: Line) -> dict[str, Any]:
    result = line.result
    found: dict[str, Any] = {"labels": dict(result.labels), "method": result.method, "section": result.section}
    found |= {"rivals": result.rivals, "seeds": list(result.documents), "refusals": list(result.refusals)}
    found["failures"] = list(result.failures)
    if not result.documents:
        return found
    energy = result.detail("s-g", "mean(r)/d")
    return {
        **found,
        "scores": {
            name: {
                "mean": value.spread.mean,
                "sd": value.spread.sd,
                "values": list(value.spread.values),
                "mark": str(value.mark),
                "competes": value.competes,
            }
            for name, value in line.values.items()
        },
        "energy": None if energy is None else energy.mean,
        "samples": result.samples,
        "forwards": result.cost("forwards").mean,
        "backwards": result.cost("backwards").mean,
        "seconds": result.seconds.mean,
    }


def comma_separated(table: Table) -> str:
    """One record a line: its labels, mean and standard deviation of every score, and what it cost."""
    scores = [name for column in table.columns for name in (column.name, f"{column.name} sd")]
    rest = ["energy", "samples", "seeds", "forwards", "backwards", "seconds", "refusals", "failures"]
    text = io.StringIO()
    writer = csv.DictWriter(text, ["section", *table.labels, *scores, *rest], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_record, table.lines))
    return text.getvalue()


def _record(line: Line) -> dict[str, Any]:
    found = _line(line)
    scores = {
        key: number
        for name, value in found.pop("scores", {}).items()
        for key, number in ((name, value["mean"]), (f"{name} sd", value["sd"]))
    }
    plain = {key: value for key, value in found.items() if key not in ("labels", "method", "rivals")}
    joined = {key: "; ".join(map(str, plain[key])) for key in ("seeds", "refusals", "failures")}
    return {**plain, **found["labels"], **scores, **joined}
