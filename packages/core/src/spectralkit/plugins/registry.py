"""Names to code: what every installed plugin provides, resolved, loaded and built by name.

The registry imports neither torch nor diffusers; a target is imported when it is loaded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import cast

import attrs

from spectralkit.errors import ConfigurationError, PluginError, UnknownNameError
from spectralkit.plugins import signature
from spectralkit.plugins.catalog import known
from spectralkit.plugins.discovery import CORE, Plugin, discover
from spectralkit.plugins.signature import Parameter
from spectralkit.plugins.specs import KINDS, MetricSpec, ModelSpec, Spec
from spectralkit.plugins.text import nearest, one_line, reason

_NOTHING: Mapping[str, object] = MappingProxyType({})


@attrs.frozen
class Registered:
    """A spec and where it comes from.

    Args:
        spec: What the plugin says of it.
        distribution: The distribution to install, upgrade or uninstall.
        version: The distribution's version.
        plugin: The entry point's name; what ``SPECTRALKIT_BLOCK`` lists.
    """

    spec: Spec
    distribution: str
    version: str
    plugin: str

    @property
    def label(self) -> str:
        """``method 'ovg'``: how messages name it."""
        return f"{self.spec.kind} {self.spec.name!r}"


@attrs.frozen(eq=False)
class Registry:
    """All that a set of plugins provides.

    Args:
        plugins: What discovery found, broken and blocked plugins included.
        ignored: Names in ``SPECTRALKIT_BLOCK`` that block nothing.
    """

    plugins: tuple[Plugin, ...]
    ignored: tuple[str, ...] = ()

    def all(self, kind: str) -> tuple[Registered, ...]:
        """Everything of ``kind``, by name; a name claimed twice is there twice.

        Raises:
            ConfigurationError: If there is no such kind.
        """
        if kind not in KINDS:
            raise ConfigurationError(f"unknown kind {one_line(kind)!r}: one of {', '.join(KINDS)}")
        found = (
            Registered(spec, plugin.distribution, plugin.version, plugin.name)
            for plugin in self.plugins
            for spec in plugin.specs
            if spec.kind == kind
        )
        return tuple(sorted(found, key=lambda registered: (registered.spec.name, registered.distribution)))

    def names(self, kind: str) -> tuple[str, ...]:
        """The names of ``kind``, sorted, without aliases."""
        return tuple(sorted({registered.spec.name for registered in self.all(kind)}))

    def resolve(self, kind: str, name: str) -> Registered:
        """The one thing of ``kind`` that has ``name`` as its name or alias.

        Raises:
            UnknownNameError: If nothing has it; the message says what is near, installed, or to be installed.
            PluginError: If two have it, or the plugin that would is broken or blocked.
        """
        claims = [r for r in self.all(kind) if name in (r.spec.name, *r.spec.aliases)]
        if len(claims) == 1:
            return claims[0]
        raise self._ambiguous(kind, name, claims) if claims else self._missing(kind, name)

    def load(self, registered: Registered) -> object:
        """Import the target.

        Raises:
            PluginError: If it cannot be imported, or does not exist.
        """
        module, _, attribute = registered.spec.target.partition(":")
        try:
            with redirect_stdout(sys.stderr):  # as in discovery: stdout belongs to the command
                return cast(object, getattr(import_module(module), attribute))
        except Exception as error:
            where = f"{registered.label} of {registered.distribution} {registered.version}"
            raise PluginError(f"{where} cannot be loaded from {registered.spec.target}: {reason(error)}") from error

    def build(self, kind: str, name: str, supplied: Mapping[str, object] = _NOTHING, /, **parameters: object) -> object:
        """Call the target of ``name`` with ``parameters``, which are checked against its signature first.

        Args:
            kind: Of what.
            name: Its name or alias.
            supplied: What the caller adds of its own: a metric's facts, a fitted model's data.
            **parameters: What a user set, who may set nothing that is supplied.

        Raises:
            UnknownNameError: As :meth:`resolve`.
            PluginError: As :meth:`resolve` and :meth:`load`.
            ConfigurationError: If a parameter is unknown, missing or of the wrong type, or the target refuses it.
        """
        registered = self.resolve(kind, name)
        for parameter in parameters.keys() & supplied.keys():
            raise ConfigurationError(
                f"{registered.label}: {parameter!r} comes from the data set and cannot be set: choose another data set"
            )
        target, preset = self._callable(registered), dict(registered.spec.preset)
        declared = {parameter.name: parameter for parameter in signature.read(target) if parameter.name not in preset}
        try:
            if not signature.takes_anything(target):
                _check_names({**parameters, **supplied}, declared, _hidden(registered.spec))
            accepted = {k: declared[k].accept(v) if k in declared else v for k, v in parameters.items()}
        except ConfigurationError as error:
            raise ConfigurationError(f"{registered.label}: {error}") from None
        try:
            return target(**preset, **supplied, **accepted)
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"{registered.label}: {one_line(error)}") from error

    def parameters(self, kind: str, name: str) -> tuple[Parameter, ...]:
        """What a user may set; what the runner supplies (a metric's facts, a fitted model's data) is left out.

        Raises:
            UnknownNameError: As :meth:`resolve`.
            PluginError: As :meth:`resolve` and :meth:`load`.
        """
        registered = self.resolve(kind, name)
        hidden = _hidden(registered.spec)
        return tuple(p for p in signature.read(self._callable(registered)) if p.name not in hidden)

    def _callable(self, registered: Registered) -> Callable[..., object]:
        target = self.load(registered)
        if not callable(target):
            raise PluginError(
                f"{registered.label} of {registered.distribution}: {registered.spec.target} is no callable"
            )
        return target

    def _ambiguous(self, kind: str, name: str, claims: list[Registered]) -> PluginError:
        owners = " and ".join(f"{claim.distribution} (plugin {claim.plugin})" for claim in claims)
        return PluginError(
            f"{kind} {name!r} is claimed by {owners}: uninstall one of them, or list its plugin in SPECTRALKIT_BLOCK"
        )

    def _missing(self, kind: str, name: str) -> UnknownNameError | PluginError:
        """Why nothing has ``name``: broken or blocked, not installed, or misspelt."""
        if obstacle := self._obstacle(kind, name):
            return PluginError(f"{kind} {name!r} is not available: {_told(obstacle)}")
        installed = ", ".join(self.names(kind)) or "none"
        if name in known(kind):
            told = f"{kind} {name!r} is not installed: {self._install(kind, name)}"
        else:
            told = f"unknown {kind} {one_line(name)!r}{self._nearest(kind, name)}"
        return UnknownNameError(f"{told} (installed: {installed}){self._broken()}")

    def _obstacle(self, kind: str, name: str) -> Plugin | None:
        """The installed plugin that would have ``name``, were it not broken or blocked."""
        absent = (plugin for plugin in self.plugins if plugin.status != "ok")
        return next((p for p in absent if p.name == name or p.distribution == known(kind).get(name)), None)

    def _nearest(self, kind: str, name: str) -> str:
        provided = {n for r in self.all(kind) for n in (r.spec.name, *r.spec.aliases)}
        near = next(iter(get_close_matches(name, sorted(provided | known(kind).keys()), n=1)), None)
        if near is None:
            return ""
        if near in provided:
            return f": did you mean {near!r}?"
        obstacle = self._obstacle(kind, near)
        return f": did you mean {near!r} ({_told(obstacle) if obstacle else self._install(kind, near)})?"

    def _install(self, kind: str, name: str) -> str:
        """The command that brings the distribution of a known name, or its current version."""
        distribution = known(kind)[name]
        upgrade = "--upgrade " if any(plugin.distribution == distribution for plugin in self.plugins) else ""
        return f"pip install {upgrade}{distribution}"

    def _broken(self) -> str:
        broken = [f"{plugin.name} of {plugin.distribution}" for plugin in self.plugins if plugin.status == "broken"]
        return f"; broken: {', '.join(broken)} (see `spectralkit plugins`)" if broken else ""


def _told(plugin: Plugin) -> str:
    return f"plugin {plugin.name} of {plugin.distribution} is {plugin.status}: {plugin.reason}"


def _hidden(spec: Spec) -> frozenset[str]:
    """Keywords that the spec or the runner supplies."""
    supplied = {name for name, _ in spec.preset}
    if isinstance(spec, MetricSpec):
        supplied |= set(spec.facts)
    if isinstance(spec, ModelSpec) and spec.fitted:
        supplied.add("dataset")
    return frozenset(supplied)


def _check_names(given: dict[str, object], declared: dict[str, Parameter], hidden: frozenset[str]) -> None:
    offered = sorted(declared.keys() - hidden)
    for name in given:
        if name not in declared:
            takes = f"it takes {', '.join(offered)}" if offered else "it takes none"
            raise ConfigurationError(f"no parameter {one_line(name)!r}: {nearest(name, offered)}{takes}")
    missing = [p for p in declared.values() if p.required and p.name not in given]
    if missing:
        needs = ", ".join(f"{p.name} ({p.type})" for p in missing)
        raise ConfigurationError(f"needs {needs}")


@cache
def registry() -> Registry:
    """The installed plugins, discovered once per process.

    ``SPECTRALKIT_BLOCK`` (entry-point names, comma-separated) leaves plugins out unimported; ``SPECTRALKIT_STRICT=1``
    makes a broken one an error.

    Raises:
        PluginError: If a plugin is broken under ``SPECTRALKIT_STRICT``.
    """
    blocked = {name.strip() for name in os.environ.get("SPECTRALKIT_BLOCK", "").split(",")} - {""}
    plugins = discover(blocked)
    broken = next((plugin for plugin in plugins if plugin.status == "broken"), None)
    if broken is not None and os.environ.get("SPECTRALKIT_STRICT", "0") not in ("", "0"):
        raise PluginError(
            f"plugin {broken.name} of {broken.distribution} {broken.version} is broken: {broken.reason}"
            " (an error because SPECTRALKIT_STRICT is set)"
        )
    installed = {plugin.name for plugin in plugins} - {CORE}
    return Registry(plugins, ignored=tuple(sorted(blocked - installed)))
