"""Who has a name: the kit's own names are its own, and whatever else claims one of them loses that claim alone.

Among strangers nobody has precedence: two who claim a name are an error when that name is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from spectralkit.plugins.discovery import Plugin
from spectralkit.plugins.specs import Spec

Claim = tuple[str, str]
"""A kind and a name of it."""


def claims(specs: Iterable[Spec]) -> frozenset[Claim]:
    """Every name and alias of ``specs``, with its kind."""
    return frozenset((spec.kind, name) for spec in specs for name in (spec.name, *spec.aliases))


def settled(plugins: Iterable[Plugin]) -> tuple[Plugin, ...]:
    """The plugins without what collides with the kit's own; each says what it lost."""
    plugins = tuple(plugins)
    core = claims(spec for plugin in plugins if plugin.is_core for spec in plugin.specs)
    return tuple(plugin if plugin.is_core else _without(plugin, core) for plugin in plugins)


def _without(plugin: Plugin, taken: frozenset[Claim]) -> Plugin:
    kept, disabled = [], []
    for spec in plugin.specs:
        if (spec.kind, spec.name) in taken:
            disabled.append(f"{spec.kind} {spec.name}: the kit's own name")
            continue
        aliases = tuple(dict.fromkeys(alias for alias in spec.aliases if (spec.kind, alias) not in taken))
        lost = sorted({*spec.aliases} - {*aliases})
        disabled.extend(f"alias {alias} of {spec.kind} {spec.name}: the kit's own name" for alias in lost)
        kept.append(attrs.evolve(spec, aliases=aliases))
    return attrs.evolve(plugin, specs=tuple(kept), disabled=tuple(disabled))
