"""Names to code: what every installed plugin provides, resolved, loaded and built by name.

The registry imports neither torch nor diffusers; a target is imported when it is loaded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import cast

import attrs

from spectralkit.errors import ConfigurationError, PluginError, SpectralkitError
from spectralkit.plugins import signature
from spectralkit.plugins.absence import Absence, ambiguous
from spectralkit.plugins.claims import claims, settled
from spectralkit.plugins.containment import contained
from spectralkit.plugins.discovery import Plugin, discover
from spectralkit.plugins.held import held
from spectralkit.plugins.registered import Registered, blame, culprits, failure, parts_taken, takes_part
from spectralkit.plugins.signature import Parameter
from spectralkit.plugins.specs import KINDS, MetricSpec, ModelSpec, Spec
from spectralkit.plugins.text import brief, message, nearest, one_line, reason

_NOTHING: Mapping[str, object] = MappingProxyType({})


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
        owners = [r for r in self.all(kind) if name in (r.spec.name, *r.spec.aliases)]
        if len(owners) == 1:
            return owners[0]
        raise ambiguous(kind, name, owners) if owners else Absence(kind, name, self.plugins, self.all(kind)).error()

    def load(self, registered: Registered) -> object:
        """Import the target.

        Raises:
            PluginError: If it cannot be imported, or does not exist.
        """
        takes_part(registered)
        module, _, attribute = registered.spec.target.partition(":")
        where = f"{registered.origin} cannot be loaded from {registered.spec.target}"
        with (
            contained(lambda error: PluginError(f"{where}: {reason(error)}")),
            redirect_stdout(sys.stderr),  # as in discovery: stdout belongs to the command
        ):
            return cast(object, getattr(import_module(module), attribute))

    def build(self, kind: str, name: str, supplied: Mapping[str, object] = _NOTHING, /, **parameters: object) -> object:
        """Call the target of ``name`` with ``parameters``, which are checked against its signature first.

        Args:
            kind: Of what.
            name: Its name or alias.
            supplied: What the caller adds of its own: a metric's facts, a fitted model's data.
            **parameters: What a user set, who may set nothing that is supplied.

        Raises:
            UnknownNameError: As :meth:`resolve`.
            PluginError: As :meth:`resolve` and :meth:`load`, or if the target fails or builds something else.
            ConfigurationError: If a parameter is unknown, missing or of the wrong type, or the target refuses it.
        """
        registered = self.resolve(kind, name)
        for parameter in parameters.keys() & supplied.keys():
            raise ConfigurationError(
                f"{registered.label}: {parameter!r} comes from the data set and cannot be set: choose another data set"
            )
        target, preset = self._callable(registered), dict(registered.spec.preset)
        with blame(registered):
            declared = {p.name: p for p in signature.read(target) if p.name not in preset}
            anything = signature.takes_anything(target)
        try:
            if not anything:
                _check_names({**parameters, **supplied}, declared, _hidden(registered.spec))
            with blame(registered):
                accepted = {k: declared[k].accept(v) if k in declared else v for k, v in parameters.items()}
        except ConfigurationError as error:
            raise ConfigurationError(f"{registered.label}: {error}") from None
        with blame(registered), contained(lambda error: _failure(error, registered)):
            return _checked(registered, target(**preset, **supplied, **accepted))

    def parameters(self, kind: str, name: str) -> tuple[Parameter, ...]:
        """What a user may set; what the runner supplies (a metric's facts, a fitted model's data) is left out.

        Raises:
            UnknownNameError: As :meth:`resolve`.
            PluginError: As :meth:`resolve` and :meth:`load`.
        """
        registered = self.resolve(kind, name)
        hidden = _hidden(registered.spec)
        with blame(registered):
            return tuple(p for p in signature.read(self._callable(registered)) if p.name not in hidden)

    def _callable(self, registered: Registered) -> Callable[..., object]:
        target = self.load(registered)
        if not callable(target):
            raise PluginError(f"{registered.origin}: {registered.spec.target} is no callable")
        return target


def _failure(error: BaseException, registered: Registered) -> SpectralkitError:
    """What a target raised: its ValueError or TypeError refuses what the user set, anything else is a failure."""
    guilty = culprits(error, (*parts_taken(), registered)) or (registered,)
    if isinstance(error, ValueError | TypeError) and registered in guilty:
        return ConfigurationError(f"{registered.label}: {message(error)}")
    return failure(error, guilty)


def _checked(registered: Registered, built: object) -> object:
    module, _, name = registered.spec.product.partition(":")
    if not isinstance(built, getattr(import_module(module), name)):
        raise PluginError(f"{registered.origin}: {registered.spec.target} returned {brief(built)}, expected a {name}")
    return built


def _hidden(spec: Spec) -> frozenset[str]:
    """Keywords that the spec or the runner supplies."""
    supplied = {name for name, _ in spec.preset}
    if isinstance(spec, MetricSpec):
        supplied |= set(spec.facts)
    if isinstance(spec, ModelSpec) and spec.fitted:
        supplied.add("dataset")
    if isinstance(spec, ModelSpec) and spec.files:
        supplied.add("dtype")
    return frozenset(supplied)


def _check_names(given: dict[str, object], declared: dict[str, Parameter], hidden: frozenset[str]) -> None:
    offered = sorted(declared.keys() - hidden)
    for name in given:
        if name not in declared:
            takes = f"it takes {', '.join(offered)}" if offered else "it takes none"
            raise ConfigurationError(f"no parameter {one_line(name)!r}: {nearest(name, offered)}{takes}")
    if missing := signature.missing(declared.values(), given):
        needs = ", ".join(f"{p.name} ({p.type})" for p in missing)
        raise ConfigurationError(f"needs {needs}")


@cache
def survey() -> Registry:
    """The installed plugins, discovered once per process, whatever is wrong with them.

    ``SPECTRALKIT_BLOCK`` (entry-point names, comma-separated) leaves plugins out unimported.
    """
    blocked = {name.strip() for name in os.environ.get("SPECTRALKIT_BLOCK", "").split(",")} - {""}
    plugins = settled(discover(blocked))
    installed = {plugin.name for plugin in plugins if not plugin.is_core}
    return Registry(plugins, ignored=tuple(sorted(blocked - installed)))


def registry() -> Registry:
    """The installed plugins and what :func:`register` added.

    ``SPECTRALKIT_STRICT=1`` makes a broken plugin an error.

    Raises:
        PluginError: If a plugin is broken under ``SPECTRALKIT_STRICT``.
    """
    found = survey()
    broken = next((plugin for plugin in found.plugins if plugin.status == "broken"), None)
    if broken is not None and os.environ.get("SPECTRALKIT_STRICT", "0") not in ("", "0"):
        raise PluginError(
            f"plugin {broken.name} of {broken.distribution} {broken.version} is broken: {broken.reason}"
            " (an error because SPECTRALKIT_STRICT is set)"
        )
    return attrs.evolve(found, plugins=(*found.plugins, here)) if (here := _here()).specs else found


_REGISTERED: dict[tuple[str, str], Spec] = {}
"""What :func:`register` added, by kind and name."""

THIS_PROCESS = "(this process)"


def _here() -> Plugin:
    return Plugin(THIS_PROCESS, THIS_PROCESS, "unversioned", "ok", specs=tuple(_REGISTERED.values()))


@held
def register(spec: Spec) -> None:
    """Add something for as long as this process lives; registered again under its name, it is replaced.

    Args:
        spec: What there is; its target may lie in the script or notebook itself: ``"__main__:soften"``.

    Raises:
        PluginError: If something else has one of its names already.
    """
    key = (spec.kind, spec.name)
    others = [other for kept, other in _REGISTERED.items() if kept != key]
    for plugin in (*survey().plugins, attrs.evolve(_here(), specs=tuple(others))):
        for kind, name in sorted(claims((spec,)) & claims(plugin.specs)):
            raise PluginError(f"{kind} {name!r} is taken by {plugin.distribution}: choose another name")
    _REGISTERED[key] = spec
