"""``spectralkit methods|metrics|models|datasets|parameterizations``: what there is of one kind."""

from __future__ import annotations

from argparse import Namespace
from functools import partial

import attrs

from spectralkit.cli.command import Command
from spectralkit.cli.output import add_json, print_json, print_table
from spectralkit.errors import SpectralkitError
from spectralkit.plugins.lacking import lacking
from spectralkit.plugins.registered import Registered
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec, Spec

_COMMON = frozenset(field.name for field in attrs.fields(Spec))


def capabilities(spec: Spec) -> dict[str, object]:
    """What a spec declares beyond what all kinds have."""
    return {name: value for name, value in attrs.asdict(spec, recurse=False).items() if name not in _COMMON}


def document(registered: Registered) -> dict[str, object]:
    """A spec and its origin, for JSON."""
    spec = registered.spec
    return {
        "name": spec.name,
        "kind": spec.kind,
        "aliases": spec.aliases,
        "summary": spec.summary,
        "citation": spec.citation,
        "capabilities": capabilities(spec),
        "distribution": registered.distribution,
        "version": registered.version,
        "plugin": registered.plugin,
    }


def _row(registered: Registered) -> tuple[str, ...]:
    spec = registered.spec
    return ", ".join((spec.name, *spec.aliases)), spec.summary, spec.citation, registered.distribution


def lacks(registered: Registered) -> dict[str, str]:
    """What it lacks on this machine with its default parameters, under that word; nothing where it can be used."""
    if not isinstance(registered.spec, MetricSpec):
        return {}
    try:
        told = lacking(registered, {})
    except SpectralkitError as error:  # a listing lists what is broken too
        told = str(error)
    return {} if told is None else {"lacks": told}


def _run(kind: str, args: Namespace) -> int:
    found = registry().all(kind)
    absent = {registered: lacks(registered) for registered in found}
    if args.json:
        print_json([{**document(registered), **told} for registered, told in absent.items()])
        return 0
    print_table((kind, "summary", "source", "distribution"), [_row(registered) for registered in found])
    if names := [registered.spec.name for registered, told in absent.items() if told]:
        print(
            f"\nfiles are absent of {', '.join(names)}: `spectralkit describe {kind} NAME` says which, and the remedy"
        )
    return 0


methods, metrics, models, datasets, parameterizations = (
    Command(add_json, partial(_run, kind)) for kind in ("method", "metric", "model", "dataset", "parameterization")
)
