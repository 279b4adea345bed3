"""``spectralkit describe KIND NAME``: what a thing is, what it can do, and what may be set."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any, cast

from spectralkit.cli.command import Command
from spectralkit.cli.listing import capabilities, document, lacks
from spectralkit.cli.options import add_set
from spectralkit.cli.output import add_json, print_json, print_table
from spectralkit.errors import ConfigurationError, SpectralkitError
from spectralkit.plugins.fields import TARGET
from spectralkit.plugins.registered import Registered
from spectralkit.plugins.registry import registry
from spectralkit.plugins.signature import Parameter
from spectralkit.plugins.specs import KINDS
from spectralkit.plugins.text import brief, one_line
from spectralkit.running.config import check_parts, parse_settings
from spectralkit.running.folders import check_folders


def run(args: Namespace) -> int:
    """Print the description."""
    registered = registry().resolve(args.kind, args.name)
    settings = _settings(registered, args)  # before anything large is imported
    parameters = registry().parameters(args.kind, args.name)
    measured = _measured(registered, settings) if args.kind == "dataset" else {}
    absent = lacks(registered)
    if args.json:
        told = {"parameters": [_parameter(parameter) for parameter in parameters], **absent}
        print_json({**document(registered), **told, **({"measured": measured} if measured else {})})
    else:
        _print(registered, parameters, {**measured, **absent})
    return 0


def _settings(registered: Registered, args: Namespace) -> Mapping[str, Any]:
    """The parameters that a data set is given."""
    if args.set and args.kind != "dataset":
        raise ConfigurationError("--set gives a data set its parameters: leave it out")
    settings = parse_settings(args.set)
    check_parts(settings, {"dataset"})
    if settings:
        check_folders(registered.spec.name, settings["dataset"])
    return settings.get("dataset", {})


def _measured(registered: Registered, settings: Mapping[str, Any]) -> dict[str, object]:
    """What a data set turns out to be with the parameters that are given; why not, where it cannot be built."""
    from spectralkit.running.looking import facts

    try:
        found = facts(registered.spec.name, settings)
    except SpectralkitError as error:
        if settings:
            raise
        return {"samples": f"not looked at: {error}"}
    slopes = {name: slope for name, slope in found.slopes.items() if slope is not None}
    return {
        "samples": found.samples,
        "shape": found.shape,
        "conditions": f"{found.source} -> {found.target}",
        "structure": found.structure,
        "trained": found.trained,
        "spectral slope": {name: round(slope, 2) for name, slope in slopes.items()},
    }


def _parameter(parameter: Parameter) -> dict[str, object]:
    return {
        "name": parameter.name,
        "type": parameter.type,
        "required": parameter.required,
        "default": None if parameter.required else parameter.default,
        "help": parameter.help,
    }


def _print(registered: Registered, parameters: tuple[Parameter, ...], measured: Mapping[str, object]) -> None:
    spec = registered.spec
    able = capabilities(spec)
    able.pop("lacks", None)  # the answer is told, not who gives it
    diagnostics = cast(tuple[tuple[str, str], ...], able.pop("diagnostics", ()))
    facts = {
        "also called": ", ".join(spec.aliases),
        "source": spec.citation,
        "installed by": f"{registered.distribution} {registered.version}",
        **{name.replace("_", " "): _told(value) for name, value in (*able.items(), *measured.items())},
    }
    print(f"{spec.kind} {spec.name}: {one_line(spec.summary)}\n")
    width = max(map(len, facts))
    for name, told in facts.items():
        if told:
            print(f"{name:<{width}}  {one_line(told)}")
    print()
    if diagnostics:
        print_table(("diagnostic", "meaning"), diagnostics)
        print()
    if not parameters:
        print("It has no parameters.")
        return
    rows = [(p.name, p.type, "(required)" if p.required else brief(p.default), p.help) for p in parameters]
    print_table(("parameter", "type", "default", "meaning"), rows)


def _told(value: object) -> str:
    """A capability in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, str) and TARGET.fullmatch(value):
        return "yes"  # where its code lies is for programs
    return "" if value is None else str(value)


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    kinds = [kind for kind in KINDS if kind != "command"]
    parser.add_argument("kind", choices=kinds, metavar="KIND", help=", ".join(kinds))
    parser.add_argument("name", metavar="NAME", help="a name that `spectralkit KINDs` lists")
    add_set(parser, "dataset.PARAM", "a parameter of a data set, with which it is looked at")
    add_json(parser)


command = Command(configure, run)
