"""Finding plugins: the entry points of the group ``spectralkit``, each imported and asked in isolation.

A plugin is imported and asked under a manager of its own, so nothing it does can reach another plugin. Whatever goes
wrong, a ``SystemExit`` or an endless list of specs included, is recorded as the reason why it is broken.

Only the module behind the entry point is executed, not the ``__init__`` of the packages around it: those re-export what
needs torch, and the registry must answer without it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from importlib import metadata
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, EntryPoint
from importlib.util import module_from_spec
from typing import Literal

import attrs
import pluggy

from spectralkit.errors import PluginError, SpectralkitError
from spectralkit.plugins import hookspecs
from spectralkit.plugins.containment import contained, undisturbed
from spectralkit.plugins.specs import KINDS, Spec
from spectralkit.plugins.text import brief, message, one_line, reason

Status = Literal["ok", "broken", "blocked"]
CORE = "core"
"""The entry point of the kit's own builtins; the program cannot do without it, so it cannot be blocked."""
MOST_SPECS = 10_000
"""More specs of one hook are taken for an endless generator."""


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
        disabled: What it would provide, were the name not the kit's own; one line each.
    """

    name: str
    distribution: str
    version: str
    status: Status
    reason: str = ""
    specs: tuple[Spec, ...] = ()
    disabled: tuple[str, ...] = ()

    @property
    def is_core(self) -> bool:
        """Whether it is the kit's own."""
        return (self.name, self.distribution) == (CORE, hookspecs.PROJECT)


def discover(blocked: Collection[str] = ()) -> tuple[Plugin, ...]:
    """Every installed plugin, by distribution and name; nothing a plugin does makes this raise."""
    plugins = [plugin for distribution in _distributions() for plugin in _plugins(distribution, blocked)]
    return tuple(sorted(plugins, key=lambda plugin: (plugin.distribution, plugin.name)))


def _distributions() -> Iterator[Distribution]:
    """Those with entry points of our group; of two with one name the first on the path.

    They are read one by one: a torn line in any of them fails :func:`importlib.metadata.entry_points` as a whole.
    """
    seen = set()
    for distribution in metadata.distributions():
        text = _entry_points(distribution)
        if _is_torn(text):
            # Importing torch would fail: it looks for further backends among the entry points of all distributions.
            os.environ.setdefault("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")
        if text is None or f"[{hookspecs.PROJECT}]" in text:
            name = re.sub(r"[-_.]+", "-", _origin(distribution)[0]).lower()
            if name not in seen:
                seen.add(name)
                yield distribution


def _entry_points(distribution: Distribution) -> str | None:
    """The text of its entry points; None where there is a file but no text, so that nobody knows what it declares."""
    try:
        return distribution.read_text("entry_points.txt") or ""
    except Exception:  # a damaged dist-info is as foreign as the code behind it
        return None


def _is_torn(text: str | None) -> bool:
    """Whether a line is neither blank, a comment, a ``[group]`` nor ``name = value``."""
    if text is None:
        return True
    lines = (line.strip() for line in text.splitlines())
    return any(line and not line.startswith(("[", "#")) and "=" not in line for line in lines)


def _origin(distribution: Distribution) -> tuple[str, str]:
    """Its name and version, as far as its metadata can be read."""
    try:
        fields = distribution.metadata
        return one_line(fields["Name"] or "(nameless distribution)"), one_line(fields["Version"] or "unknown")
    except Exception:
        return "(unreadable distribution)", "unknown"


def _plugins(distribution: Distribution, blocked: Collection[str]) -> Iterator[Plugin]:
    name, version = _origin(distribution)
    try:
        with contained(_told):
            entries = tuple(distribution.entry_points.select(group=hookspecs.PROJECT))
    except SpectralkitError as error:
        yield Plugin(name, name, version, "broken", f"its entry_points.txt is damaged: reinstall it ({message(error)})")
        return
    yield from (_examine(entry, name, version, blocked) for entry in entries)


def _examine(entry: EntryPoint, distribution: str, version: str, blocked: Collection[str]) -> Plugin:
    plugin = Plugin(one_line(entry.name), distribution, version, "ok")
    if entry.name in blocked and not plugin.is_core:
        return attrs.evolve(plugin, status="blocked", reason="listed in SPECTRALKIT_BLOCK")
    try:
        with contained(_told), undisturbed():
            return attrs.evolve(plugin, specs=tuple(_ask(_load(entry))))
    except SpectralkitError as error:
        return attrs.evolve(plugin, status="broken", reason=message(error))


def _told(error: BaseException) -> PluginError:
    return PluginError(reason(error))


def _load(entry: EntryPoint) -> object:
    """What the entry point names.

    Raises:
        ModuleNotFoundError: If there is no such module.
        Exception: Whatever its import raises.
    """
    if not entry.pattern.match(entry.value):
        raise ImportError(f"{brief(entry.value)} names no module")
    if entry.module not in sys.modules:
        spec = _find(entry.module)
        module = module_from_spec(spec)
        sys.modules[entry.module] = module
        try:
            if spec.loader is None:
                raise ImportError(f"{entry.module} holds no code")
            spec.loader.exec_module(module)
        except BaseException:
            sys.modules.pop(entry.module, None)
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
        raise PluginError(f"{hook} returned {brief(specs)}, expected an iterable of {expected.__name__}")
    for number, spec in enumerate(specs):
        # Exactly the class: a subclass could answer differently the next time it is asked.
        if type(spec) is not expected:
            raise PluginError(f"{hook} returned {brief(spec)}, expected {expected.__name__}")
        if number == MOST_SPECS:
            raise PluginError(f"{hook} returned more than {MOST_SPECS} specs")
        yield spec
