"""The page, from results."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from pages.markdown import code, table
from pages.reproduction.ablations import BACKBONE, SCALE, SPACE, TARGET
from pages.reproduction.central import central
from pages.reproduction.claim import Check, Claim, Subject
from pages.reproduction.figures import figures
from pages.reproduction.methods import CORRELATIONS, DETERMINISTIC, SKETCHES, TRADE_OFF
from pages.reproduction.plan import METRICS
from pages.reproduction.results import Results
from pages.reproduction.roles import ROLES
from pages.reproduction.rules import Finding, Verdict
from pages.reproduction.settings import MAIN, SETTINGS

CLAIMS: tuple[Claim, ...] = (
    central(MAIN),
    central("x16"),
    DETERMINISTIC,
    TRADE_OFF,
    BACKBONE,
    SPACE,
    SCALE,
    TARGET,
    CORRELATIONS,
    SKETCHES,
)

Judged = dict[Check, dict[Subject, Finding]]
"""The findings of a claim."""


def section(results: Results) -> str:
    """Everything that is generated."""
    judged = [{check: check.findings(results) for check in claim.checks} for claim in CLAIMS]
    parts = [_facts(results), "## Verdicts", _summary(judged)]
    for number, (claim, findings) in enumerate(zip(CLAIMS, judged, strict=True), start=1):
        parts += [f"## {number}. {claim.title}", *_claim(claim, findings, results)]
    return "\n\n".join((*parts, *figures(results)))


def _facts(results: Results) -> str:
    lines = [
        f"`ihc`, {results.samples} held-out samples, {results.steps} steps, guidance 1, seeds "
        f"{', '.join(map(str, results.seeds))}; ± is the standard deviation (ddof 1) over seeds.",
        *(f"{code(role)}: {told}." for role, told in {s.role: s.told for s in results.studies}.items()),
        f"Made by {code(_made_by(results))}.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _made_by(results: Results) -> str:
    """The command line that makes the numbers, and the page of them."""
    models = [
        role if role == source else f"{role}={source}"
        for role, source in results.played.items()
        if ROLES[role].of is None
    ]
    some = len(results.settings) < len(SETTINGS)
    words = {"models": models, **({"settings": results.settings} if some else {})}
    numbers = {"samples": (results.samples,), "steps": (results.steps,), "seeds": results.seeds}
    told = (f"--{name} {shlex.join(map(str, values))}" for name, values in {**words, **numbers}.items() if values)
    return " ".join(("python docs/generate.py reproduction", *told))


def _summary(judged: list[Judged]) -> str:
    """A row a claim: how many of its verdicts are what."""
    rows = []
    for number, (claim, findings) in enumerate(zip(CLAIMS, judged, strict=True), start=1):
        verdicts = [finding.verdict for check in findings.values() for finding in check.values()]
        counts = [str(verdicts.count(verdict) or "") for verdict in Verdict]
        rows.append((f"{number}. {claim.title}", *counts))
    return table(("claim", *Verdict), rows)


def _claim(claim: Claim, judged: Judged, results: Results) -> Iterator[str]:
    if claim.note:
        yield claim.note
    rows = [(check.told, check.paper, check.rule, _cell(findings)) for check, findings in judged.items()]
    yield table(("claimed", "paper", "holds if", "ours"), rows)
    findings = [finding for check in judged.values() for finding in check.values()]
    needed = dict.fromkeys(finding.told for finding in findings if finding.verdict is Verdict.UNTESTED)
    if needed:
        yield f"Not tested: {'; '.join(needed)}."
    reasons = [
        f"- {check.told}, {_named(subject)}: {'; '.join(filter(None, (finding.why, check.likely)))}."
        for check, findings in judged.items()
        for subject, finding in findings.items()
        if finding.verdict is Verdict.FAILS and (finding.why or check.likely)
    ]
    if reasons:
        yield "Why it may fail:"
        yield "\n".join(reasons)
    yield _command(claim, results)


def _cell(findings: Mapping[Subject, Finding]) -> str:
    """A line a subject that was tested."""
    lines = [
        f"{_named(subject)}: **{finding.verdict}**, {finding.told}"
        for subject, finding in findings.items()
        if finding.verdict is not Verdict.UNTESTED
    ]
    return "<br>".join(lines) or str(Verdict.UNTESTED)


def _named(subject: Subject) -> str:
    return ", ".join(map(code, subject))


def _command(claim: Claim, results: Results) -> str:
    """One of the claim's runs as one would type it."""
    (methods, setting), played = claim.shows, results.played
    roles = [role for check in claim.checks for subject in check.subjects for role in subject]
    source = next((played[role] for role in roles if role in played), roles[0])
    words = f"spectralkit run --model {source} --method {methods[0]} {SETTINGS[setting].words}"
    words += f" --samples {results.samples} --steps {results.steps} --seed {results.seeds[0]}"
    words += f" --metrics {','.join(METRICS)}"
    others = ", ".join(map(code, methods[1:]))
    return f"Shown by {code(words)}, and the same with {others}."
