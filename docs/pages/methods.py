"""The page of the methods: what each is and needs, read from its spec and signature, and which of them compose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import attrs
import torch

from pages.composition import STEPS, Pairing, filled, loaded, pairs
from pages.markdown import code, table
from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.process import Process
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context, Label
from spectralkit.inversion.driver import translate
from spectralkit.plugins import MethodSpec
from spectralkit.plugins.registry import registry
from spectralkit.testing.oracle import OracleNetwork, context_for, random_gaussian, source_batch


def names() -> tuple[str, ...]:
    """Every installed method, standard inversion first."""
    return ("standard", *(name for name in registry().names("method") if name != "standard"))


def specs() -> tuple[MethodSpec, ...]:
    """Their specs."""
    return tuple(cast(MethodSpec, registry().resolve("method", name).spec) for name in names())


def overview() -> str:
    """What the methods are: name, summary, source."""
    rows = [(", ".join(map(code, (spec.name, *spec.aliases))), spec.summary, spec.citation) for spec in specs()]
    return table(("method", "what it does", "source"), rows)


def facts() -> str:
    """What the methods need: slots, cost, state, kind of latent, randomness, exactness, parameters."""
    return table(
        ("method", "slots", "cost", "state", "latent", "random", "exact", "parameters"),
        [_facts(spec) for spec in specs()],
    )


def _facts(spec: MethodSpec) -> tuple[str, ...]:
    parts = loaded(spec.name)
    parameters = registry().parameters("method", spec.name)
    return (
        code(spec.name),
        ", ".join(filled(parts)) or "none",
        spec.cost,
        spec.state + (" (float64)" if parts.double and "float64" not in spec.state else ""),
        "inverted" if spec.inverts else "drawn",
        "yes" if spec.stochastic else "no",
        "yes" if spec.invertible else "no",
        ", ".join(code(f"{p.name}={p.default!r}") for p in parameters) or "none",
    )


def matrix() -> str:
    """Every pair of methods: ``+`` composes, ``(+)`` composes with an idle part, a slot's name is a conflict."""
    order = names()
    found = {frozenset(pairing.methods): pairing for pairing in pairs(order)}
    rows = [
        (code(row), *("" if row == column else _cell(found[frozenset((row, column))]) for column in order))
        for row in order
    ]
    return "\n\n".join((table(("", *map(code, order)), rows), _idle(list(found.values()))))


def _cell(pairing: Pairing) -> str:
    if pairing.conflict:
        return ", ".join(pairing.conflict)
    if pairing.refusal:
        return "refused"
    return "(+)" if pairing.idle else "+"


def _idle(found: Sequence[Pairing]) -> str:
    """The idle parts in words, and the refusals."""
    beside: dict[str, list[str]] = {}
    for pairing in found:
        for name in pairing.idle:
            beside.setdefault(name, []).extend(other for other in pairing.methods if other != name)
    lines = [f"- {code(name)} is idle beside {', '.join(map(code, others))}" for name, others in beside.items()]
    lines += [f"- {code('+'.join(p.methods))} is refused: {p.refusal}" for p in found if p.refusal]
    return "\n".join(lines)


@attrs.frozen
class Setting:
    """A kind of model with a time label."""

    process: str
    label: Label

    @property
    def told(self) -> str:
        """As the page names it."""
        return code(self.process) + ("" if self.label == "current" else f" with label {code(self.label)}")


def settings() -> tuple[Setting, ...]:
    """Every parameterization with every label it admits."""
    return tuple(
        Setting(name, label)
        for name in registry().names("parameterization")
        for label in ("current", "next")
        if label == "current" or _process(name).schedule.admits_next_label
    )


def problem(method: str, setting: Setting, guidance: float = 3.0) -> Context:
    """A small problem for ``method`` under a perfectly trained network of that kind."""
    process, parts = _process(setting.process), loaded(method)
    data = random_gaussian(0)
    network = OracleNetwork(data, process.parameterization, process.schedule.levels(STEPS))
    return context_for(
        NetworkDenoiser(network, process.parameterization, torch.float64),
        source_batch(data, 0, 2, 0),
        STEPS,
        parts=parts,
        schedule=process.schedule,
        sampling_guidance=guidance,
        label=setting.label,
    )


def _process(name: str) -> Process:
    return cast(Process, registry().build("parameterization", name))


def refusals() -> str:
    """The kinds of model that a method has no meaning for, each with the method's own words."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for setting in settings():
        for name in names():
            try:
                translate(loaded(name), problem(name, setting))
            except ConfigurationError as error:
                reasons.setdefault((name, str(error)), []).append(setting.told)
    lines = [f"- {code(name)} under {', '.join(told)}: {why}" for (name, why), told in reasons.items()]
    return "\n".join(lines) or "None."
