"""``spectralkit plugins``: what is installed, what is broken or blocked, and why."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from spectralkit.cli.command import Command
from spectralkit.cli.output import add_json, print_json, print_table
from spectralkit.plugins.discovery import Plugin
from spectralkit.plugins.registry import survey
from spectralkit.plugins.specs import KINDS


def _provides(plugin: Plugin) -> dict[str, list[str]]:
    """Kind to names."""
    names = {kind: [spec.name for spec in plugin.specs if spec.kind == kind] for kind in KINDS}
    return {kind: found for kind, found in names.items() if found}


def _document(plugin: Plugin) -> dict[str, object]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "status": plugin.status,
        "reason": plugin.reason,
        "provides": _provides(plugin),
        "disabled": plugin.disabled,
    }


def _row(plugin: Plugin) -> tuple[str, ...]:
    provides = "; ".join(f"{kind} {', '.join(names)}" for kind, names in _provides(plugin).items())
    told = "; ".join(filter(None, (plugin.reason or provides, *(f"disabled: {lost}" for lost in plugin.disabled))))
    return plugin.name, plugin.distribution, plugin.version, plugin.status, told


def run(args: Namespace) -> int:
    """Print the plugins."""
    found = survey()
    if args.json:
        print_json([_document(plugin) for plugin in found.plugins])
    else:
        print_table(
            ("plugin", "distribution", "version", "status", "provides, or why not"),
            [_row(plugin) for plugin in found.plugins],
        )
    for name in found.ignored:
        print(f"spectralkit: note: SPECTRALKIT_BLOCK names {name!r}, which is nothing to block", file=sys.stderr)
    return 0


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    add_json(parser)


command = Command(configure, run)
