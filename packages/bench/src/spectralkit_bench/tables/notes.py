"""What the numbers of a table depend on, in lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from spectralkit.plugins.text import counted
from spectralkit_bench.tables.result import Document, Result


def notes(results: Sequence[Result]) -> tuple[str, ...]:
    """Facts that all runs share, and those that the spectral scores cannot be read without."""
    documents = [document for result in results for document in result.documents.values()]
    return tuple(_facts(results, documents)) if documents else ()


def _facts(results: Sequence[Result], documents: Sequence[Document]) -> Iterator[str]:
    configs = [document["config"] for document in documents]
    samples, steps = (counted(_several(config[key + "s"] for config in configs), key) for key in ("sample", "step"))
    seeds = list(dict.fromkeys(seed for result in results for seed in result.documents))
    devices = _several(document["device"] for document in documents)
    named = "seed" if len(seeds) == 1 else "seeds"
    yield f"{samples}, {steps}, {named} {', '.join(map(str, seeds))}, on {devices}"
    if len(seeds) > 1:
        yield "mean ± standard deviation (ddof 1) over seeds; lines without ± draw nothing and were run once"
    yield "NFE: evaluations of the network for one sample, both ways, forwards F and backwards B; seconds: of one run"
    if any(not result.competes(name) for result in results for d in result.documents.values() for name in d["scores"]):
        yield "in brackets: latents that are no image of an inversion, which do not compete"
    for result in results:
        yield from lacking(result)
    details = documents[0]["details"]
    if "s-g" in details and "expected under the null" in details["s-g"]:
        yield f"S_G of white noise at this number of samples: about {details['s-g']['expected under the null']:.2f}"
    if "s-hf" in details:
        yield _real(details["s-hf"])


def lacking(result: Result) -> Iterator[str]:
    """Which runs of a line there are not, and why."""
    called = "; ".join(result.labels.values())
    yield from (f"{called} is refused: {reason}" for reason in result.refusals)
    yield from (f"{called} has failed: {reason}" for reason in result.failures)


def _real(real: Any) -> str:
    names = ("mu", "real images", "size", "range", "wavelet", "boundary")
    facts = ", ".join(f"{name} {_short(real[name])}" for name in names if name in real)
    return f"S_HF compares with {facts}"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _several(values: Any) -> str:
    return ", ".join(dict.fromkeys(map(str, values)))
