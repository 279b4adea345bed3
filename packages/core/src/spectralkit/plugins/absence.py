"""Why a name is not there: broken or blocked, not installed, misspelt, or claimed twice; and what helps."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import attrs

from spectralkit.errors import PluginError, UnknownNameError
from spectralkit.plugins.catalog import known
from spectralkit.plugins.discovery import Plugin
from spectralkit.plugins.registered import Registered
from spectralkit.plugins.text import one_line


def ambiguous(kind: str, name: str, claims: Sequence[Registered]) -> PluginError:
    """The error where several have a name."""
    owners = " and ".join(f"{claim.distribution} (plugin {claim.plugin})" for claim in claims)
    return PluginError(
        f"{kind} {name!r} is claimed by {owners}: uninstall one of them, or list its plugin in SPECTRALKIT_BLOCK"
    )


@attrs.frozen
class Absence:
    """A name that nothing has.

    Args:
        kind: Of what.
        name: What was asked for.
        plugins: All plugins, broken and blocked ones included.
        installed: What there is of the kind.
    """

    kind: str
    name: str
    plugins: tuple[Plugin, ...]
    installed: tuple[Registered, ...]

    def error(self) -> UnknownNameError | PluginError:
        """The error that says why and what helps."""
        if obstacle := self._obstacle(self.name):
            return PluginError(f"{self.kind} {self.name!r} is not available: {_told(obstacle)}")
        if self.name in known(self.kind):
            told = f"{self.kind} {self.name!r} is not installed: {self._install(self.name)}"
        else:
            told = f"unknown {self.kind} {one_line(self.name)!r}{self._nearest()}"
        names = sorted({registered.spec.name for registered in self.installed})
        return UnknownNameError(f"{told} (installed: {', '.join(names) or 'none'}){self._broken()}")

    def _obstacle(self, name: str) -> Plugin | None:
        """The installed plugin that would have ``name``, were it not broken or blocked."""
        absent = (plugin for plugin in self.plugins if plugin.status != "ok")
        return next((p for p in absent if p.name == name or p.distribution == known(self.kind).get(name)), None)

    def _nearest(self) -> str:
        provided = {name for r in self.installed for name in (r.spec.name, *r.spec.aliases)}
        candidates = sorted(provided | known(self.kind).keys())
        near = next(iter(get_close_matches(self.name, candidates, n=1)), None)
        if near is None:
            return ""
        if near in provided:
            return f": did you mean {near!r}?"
        obstacle = self._obstacle(near)
        return f": did you mean {near!r} ({_told(obstacle) if obstacle else self._install(near)})?"

    def _install(self, name: str) -> str:
        """The command that brings the distribution of a known name, or its current version."""
        distribution = known(self.kind)[name]
        upgrade = "--upgrade " if any(plugin.distribution == distribution for plugin in self.plugins) else ""
        return f"pip install {upgrade}{distribution}"

    def _broken(self) -> str:
        broken = [
            f"{plugin.name} of {plugin.distribution} ({plugin.reason:.100})"
            for plugin in self.plugins
            if plugin.status == "broken"
        ]
        return f"; broken: {', '.join(broken)}, see `spectralkit plugins`" if broken else ""


def _told(plugin: Plugin) -> str:
    return f"plugin {plugin.name} of {plugin.distribution} is {plugin.status}: {plugin.reason}"
