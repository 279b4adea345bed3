"""The judges that claims share: a score against a bound, one method's against another's, how often it is better."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pages.reproduction.claim import Judge
from pages.reproduction.results import Results
from pages.reproduction.rules import Finding, exceeds, share, together

OURS = "ovg+taba"


def bounded(rule: Callable[[float, float], Finding], setting: str, method: str, name: str, bound: float) -> Judge:
    """A method's score keeps the bound, on every model."""
    return lambda results, *roles: together(
        rule(results.cell(role, setting, method).mean(name), bound) for role in roles
    )


def above(methods: tuple[str, str], name: str, *settings: str, margin: float = 0.0) -> Judge:
    """The first method's score exceeds the second's (see :func:`exceeds`), on every model in every setting."""
    return lambda results, *roles: together(
        exceeds(*(results.cell(role, setting, method).mean(name) for method in methods), margin)
        for role in roles
        for setting in settings
    )


def better(name: str, *pairs: tuple[str, str], factor: float = 1.0, most: bool = True) -> Judge:
    """In how many (pair, setting, seed) units is the first method's score above ``factor`` of the second's?"""

    def units(results: Results, role: str) -> Iterator[tuple[float, float]]:
        for pair in pairs:
            for setting in results.settings_of(role, *pair):
                first, second = (results.cell(role, setting, method) for method in pair)
                yield from ((a, factor * b) for a, b in first.beside(second, name))

    return lambda results, role: share(units(results, role), higher_is_better=True, most=most)
