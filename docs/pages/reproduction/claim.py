"""What a claim is: checks, each with the paper's figures, a rule and the likely reason should it fail."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from pages.reproduction.results import AbsentError, Results
from pages.reproduction.roles import COLLAPSING, ROLES
from pages.reproduction.rules import Finding, Verdict

Judge = Callable[..., Finding]
"""``(results, *roles)``; raises AbsentError where a figure is not there."""

Subject = tuple[str, ...]
"""The roles that are judged together."""

EACH: tuple[Subject, ...] = tuple((role,) for role in COLLAPSING)


@attrs.frozen
class Check:
    """One direction that can be tested.

    Args:
        told: What is claimed.
        paper: The paper's figures, and where they stand.
        rule: When it holds, in words.
        judge: The rule.
        likely: The likely reason where it fails.
        subjects: On what it is judged, one verdict each.
    """

    told: str
    paper: str
    rule: str
    judge: Judge
    likely: str = ""
    subjects: tuple[Subject, ...] = EACH

    def findings(self, results: Results) -> dict[Subject, Finding]:
        """A finding for every subject."""
        return {subject: self._finding(results, subject) for subject in self.subjects}

    def _finding(self, results: Results, subject: Subject) -> Finding:
        try:
            return self.judge(results, *subject)
        except AbsentError as absent:
            return Finding(Verdict.UNTESTED, _needed(results, subject) or str(absent))


def _needed(results: Results, subject: Subject) -> str:
    """The models of a subject that nobody plays."""
    missing = [f"`{role}`" for role in subject if role not in results.played and ROLES[role].of is None]
    return f"needs model {' and '.join(missing)}" if missing else ""


@attrs.frozen
class Claim:
    """A statement of the paper.

    Args:
        title: Its heading.
        checks: What can be tested of it.
        shows: Methods and setting of the runs that show it.
        note: What must be known to read it.
    """

    title: str
    checks: tuple[Check, ...]
    shows: tuple[tuple[str, ...], str]
    note: str = ""
