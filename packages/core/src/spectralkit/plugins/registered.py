"""A thing that a plugin provides, who takes part in a piece of work, and whom to blame when it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from traceback import walk_tb

import attrs

from spectralkit.errors import PluginError
from spectralkit.plugins.containment import contained
from spectralkit.plugins.hookspecs import PROJECT
from spectralkit.plugins.specs import Spec
from spectralkit.plugins.text import brief, one_line, reason


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
        """``method 'ovg'``: how messages to its user name it."""
        return f"{self.spec.kind} {self.spec.name!r}"

    @property
    def origin(self) -> str:
        """``method 'ovg' of spectralkit-methods-ovg 0.1.0``: how messages about its plugin name it."""
        return f"{self.label} of {self.distribution} {self.version}"

    @property
    def module(self) -> str:
        """The module that the target lies in."""
        return self.spec.target.partition(":")[0]

    def aiming(self, target: str) -> Registered:
        """The same with another target, as a spec may name some beside its own."""
        return attrs.evolve(self, spec=attrs.evolve(self.spec, target=target))


class ContractError(PluginError):
    """An object of a plugin's did not do what its contract says.

    Args:
        by: That object.
        told: What it did instead.
        owner: Whose it is, where that is known.
    """

    def __init__(self, by: object, told: str, owner: str = "") -> None:
        self.by, self.breach = by, f"{brief(by)} {told}"
        self.module = str(getattr(by, "__module__", None))
        super().__init__(breach_of(owner, self) if owner else self.breach)

    def lay_to(self, owner: str) -> None:
        """Name whose the object is: who reads the message may not know it."""
        self.args = (breach_of(owner, self),)


def breach_of(owner: str, error: ContractError) -> str:
    """What to tell of a breach."""
    return f"{owner} breaks its contract: {one_line(error.breach)}"


_PART: ContextVar[tuple[list[Registered], ...]] = ContextVar("_PART", default=())


@contextmanager
def taking_part() -> Iterator[list[Registered]]:
    """Within, everything that is loaded by name is added to the list, once; such lists may be nested."""
    found: list[Registered] = []
    token = _PART.set((*_PART.get(), found))
    try:
        yield found
    finally:
        _PART.reset(token)


def parts_taken() -> tuple[Registered, ...]:
    """What the innermost list of :func:`taking_part` holds so far."""
    return tuple(_PART.get()[-1]) if _PART.get() else ()


def takes_part(registered: Registered) -> None:
    """Add it to the lists of :func:`taking_part`."""
    for found in _PART.get():
        if all(registered.origin != other.origin for other in found):
            found.append(registered)


@contextmanager
def blame(*suspects: Registered) -> Iterator[None]:
    """Within, whatever a plugin raises becomes a :class:`PluginError` that names it; the kit's own errors pass.

    Args:
        *suspects: Those whose code runs; the one is named whose package the exception was raised from, else all.

    Raises:
        PluginError: With what was raised as its cause.
    """
    with _failing(lambda: suspects):
        yield


@contextmanager
def blaming(*kinds: str) -> Iterator[None]:
    """:func:`blame`, of everything of ``kinds`` that has taken part by then."""

    with _failing(lambda: tuple(registered for registered in parts_taken() if registered.spec.kind in kinds)):
        yield


@contextmanager
def _failing(suspects: Callable[[], tuple[Registered, ...]]) -> Iterator[None]:
    """Within, whatever is raised is laid to those of the suspects, as they are by then, that it came from."""

    def told(error: BaseException) -> PluginError:
        return failure(error, culprits(error, suspects()) or suspects())

    try:
        with contained(told):
            yield
    except ContractError as error:
        raise told(error) from error


def failure(error: BaseException, guilty: tuple[Registered, ...]) -> PluginError:
    """What to raise for ``error``."""
    names = " or ".join(dict.fromkeys(registered.origin for registered in guilty))
    if isinstance(error, ContractError):
        return PluginError(breach_of(names or "a plugin", error))
    return PluginError(f"{names or 'a plugin'} failed: {reason(error)} (SPECTRALKIT_DEBUG=1 shows where)")


def culprits(error: BaseException, suspects: tuple[Registered, ...]) -> tuple[Registered, ...]:
    """Those of ``suspects`` that the innermost frame of any of them belongs to; none where there is no such frame."""
    modules = list(_modules(error))
    strangers = [suspect for suspect in suspects if _package(suspect.module) != PROJECT]  # the kit's modules serve all
    for module in reversed(modules):
        theirs = [suspect for suspect in strangers if suspect.module == module]
        theirs = theirs or [suspect for suspect in strangers if _package(suspect.module) == _package(module)]
        if theirs:
            return tuple(theirs)
    return ()


def _modules(error: BaseException) -> Iterator[str]:
    """The modules of its frames, outermost first, of its causes', and of the object that broke a contract."""
    chain, cause = [error], error.__cause__
    while cause is not None and all(cause is not link for link in chain):  # a chain may be a circle
        chain.append(cause)
        cause = cause.__cause__
    for link in chain:
        names = (frame.f_globals.get("__name__") for frame, _ in walk_tb(link.__traceback__))
        yield from (name for name in names if isinstance(name, str))
    yield from (link.module for link in chain if isinstance(link, ContractError))


def _package(module: str) -> str:
    return module.partition(".")[0]
