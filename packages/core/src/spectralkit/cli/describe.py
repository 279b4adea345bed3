"""``spectralkit describe KIND NAME``: what a thing is, what it can do, and what may be set."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from spectralkit.cli.command import Command
from spectralkit.cli.listing import capabilities, document
from spectralkit.cli.output import add_json, print_json, print_table
from spectralkit.plugins.registered import Registered
from spectralkit.plugins.registry import registry
from spectralkit.plugins.signature import Parameter
from spectralkit.plugins.specs import KINDS
from spectralkit.plugins.text import brief, one_line


def run(args: Namespace) -> int:
    """Print the description."""
    registered = registry().resolve(args.kind, args.name)
    parameters = registry().parameters(args.kind, args.name)
    if args.json:
        print_json({**document(registered), "parameters": [_parameter(parameter) for parameter in parameters]})
    else:
        _print(registered, parameters)
    return 0


def _parameter(parameter: Parameter) -> dict[str, object]:
    return {
        "name": parameter.name,
        "type": parameter.type,
        "required": parameter.required,
        "default": None if parameter.required else parameter.default,
        "help": parameter.help,
    }


def _print(registered: Registered, parameters: tuple[Parameter, ...]) -> None:
    spec = registered.spec
    facts = {
        "also called": ", ".join(spec.aliases),
        "source": spec.citation,
        "installed by": f"{registered.distribution} {registered.version}",
        **{name.replace("_", " "): _told(value) for name, value in capabilities(spec).items()},
    }
    print(f"{spec.kind} {spec.name}: {one_line(spec.summary)}\n")
    width = max(map(len, facts))
    for name, told in facts.items():
        if told:
            print(f"{name:<{width}}  {one_line(told)}")
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
    return "" if value is None else str(value)


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    kinds = [kind for kind in KINDS if kind != "command"]
    parser.add_argument("kind", choices=kinds, metavar="KIND", help=", ".join(kinds))
    parser.add_argument("name", metavar="NAME", help="a name that `spectralkit KINDs` lists")
    add_json(parser)


command = Command(configure, run)
