"""Finding plugins: the entry points of the group ``spectralkit``, each imported and asked in isolation.

A plugin is imported and asked under a manager of its own, so nothing it does can reach another plugin. Whatever goes
wrong is recorded as the reason why it is broken.

Only the module behind the entry point is executed, not the ``__init__`` of the packages around it: those re-export what
needs torch, and the registry must answer without it.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import redirect_stdout
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec
from typing import Literal

import attrs
import pluggy

from spectralkit.errors import PluginError
from spectralkit.plugins import hookspecs
from spectralkit.plugins.specs import KINDS, Spec
from spectralkit.plugins.text import one_line, reason

Status = Literal["ok", "broken", "blocked"]
CORE = "core"
"""The entry point of the kit's own builtins; the program cannot do without it, so it cannot be blocked."""


@attrs.frozen
class Plugin:
    """One entry point and what came of it.

    Args:
        name: The entry point's name; what ``SPECTRALKIT_BLOCK`` lists.
        distribution: The distribution that installs it.
        version: The distribution's version.
        status: ``ok``, ``broken`` or ``blocked``.
        reason: Why it is not ``ok``, one line.
        specs: What it provides; empty unless ``ok``.
    """

    name: str
    distribution: str
    version: str
    status: Status
    reason: str = ""
    specs: tuple[Spec, ...] = ()


def discover(blocked: Collection[str] = ()) -> tuple[Plugin, ...]:
    """Every installed plugin, by distribution and name; nothing a plugin does makes this raise."""
    plugins = [_examine(entry, blocked) for entry in entry_points(group=hookspecs.PROJECT)]
    return tuple(sorted(plugins, key=lambda plugin: (plugin.distribution, plugin.name)))


def _examine(entry: EntryPoint, blocked: Collection[str]) -> Plugin:
    name, (distribution, version) = one_line(entry.name), _origin(entry)
    if entry.name in blocked and entry.name != CORE:
        return Plugin(name, distribution, version, "blocked", "listed in SPECTRALKIT_BLOCK")
    try:
        # What a plugin prints while it is imported must not end up in a document on stdout.
        with redirect_stdout(sys.stderr):
            specs = tuple(_ask(_load(entry)))
    except (Exception, SystemExit) as error:
        return Plugin(name, distribution, version, "broken", reason(error))
    return Plugin(name, distribution, version, "ok", specs=specs)


def _origin(entry: EntryPoint) -> tuple[str, str]:
    """Name and version of the distribution, as far as its metadata can be read."""
    try:
        assert entry.dist is not None
        return one_line(entry.dist.name), one_line(entry.dist.version)
    except Exception:  # a damaged dist-info is as foreign as the code behind it
        return f"(unreadable distribution of {one_line(entry.value)})", "unknown"


def _load(entry: EntryPoint) -> object:
    """What the entry point names.

    Raises:
        ModuleNotFoundError: If there is no such module.
        Exception: Whatever its import raises.
    """
    if entry.module not in sys.modules:
        spec = _find(entry.module)
        module = module_from_spec(spec)
        sys.modules[entry.module] = module
        try:
            if spec.loader is None:
                raise ImportError(f"{entry.module} holds no code")
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[entry.module]
            raise
    return entry.load()


def _find(name: str) -> ModuleSpec:
    """The spec of a dotted name; its parents are located, not imported."""
    parent, _, _ = name.rpartition(".")
    path = _find(parent).submodule_search_locations if parent else None
    specs = (finder.find_spec(name, path) for finder in sys.meta_path)
    found = next((spec for spec in specs if spec is not None), None)
    if found is None:
        raise ModuleNotFoundError(f"No module named {name!r}")
    return found


def _ask(module: object) -> Iterator[Spec]:
    """The specs of one plugin.

    Raises:
        PluginError: If it implements no hook, or a hook returns anything but specs of its kind.
        Exception: Whatever its hooks raise.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    manager.check_pending()
    if not manager.get_hookcallers(module):
        raise PluginError("implements no hook: mark its functions with spectralkit.plugins.hookimpl")
    for kind, expected in KINDS.items():
        hook = f"{hookspecs.PROJECT}_{kind}s"
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            yield from _checked(hook, implementation.function(), expected)


def _checked(hook: str, specs: object, expected: type[Spec]) -> Iterator[Spec]:
    if not isinstance(specs, Iterable):
        raise PluginError(f"{hook} returned {_brief(specs)}, expected an iterable of {expected.__name__}")
    for spec in specs:
        if not isinstance(spec, expected):
            raise PluginError(f"{hook} returned {_brief(spec)}, expected {expected.__name__}")
        yield spec


def _brief(value: object, length: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= length else f"{text[:length]}…"
