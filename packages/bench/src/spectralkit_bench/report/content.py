"""All that a page says, as values: the template asks nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import attrs

from spectralkit.data import Sample
from spectralkit.errors import DataError, SpectralkitError, told
from spectralkit_bench.finished import Finished
from spectralkit_bench.report.columns import Column, columns, common, differences, flat
from spectralkit_bench.report.evidence import Evidence, Shown, key_of, latents_of
from spectralkit_bench.report.scoring import Scored, scored
from spectralkit_bench.report.spectra import Averages
from spectralkit_bench.report.verdict import Verdict, share, verdict
from spectralkit_bench.reproducing import command

MOST_SAMPLES = 200
"""Shown by default."""

MOST_BYTES = 64 * 2**20
"""Of pictures, unless a number of samples is asked for."""


@attrs.frozen(eq=False)
class Method:
    """A run as the page tells it.

    Args:
        key: Of its colour and its pictures.
        label: Its name.
        run: The run.
        verdict: What became of its latents.
        detail: Its fine detail against that of the real images, in words; empty where not known.
        command: That runs it again.
        provenance: Its ``run.toml``.
        options: Its configuration, flat.
    """

    key: str
    label: str
    run: Finished
    verdict: Verdict
    detail: str
    command: str
    provenance: str
    options: dict[str, object]


@attrs.frozen(eq=False)
class Content:
    """A report.

    Args:
        title: What it is about.
        methods: The runs.
        notices: What a reader must know before comparing.
        scored: The scores.
        shown: The samples in the page.
        samples: How many samples all runs have.
        differing: Options that are not the same in all runs, the value of each run.
        averages: Mean spectra of the images.
        noises: Mean spectra of the latents.
    """

    title: str
    methods: tuple[Method, ...]
    notices: tuple[str, ...]
    scored: Scored
    shown: tuple[Shown, ...]
    samples: int
    differing: dict[str, list[str]]
    averages: Averages
    noises: Averages


def content(runs: Sequence[Finished], most: int | None = None) -> Content:
    """Everything that is shown of these runs.

    Args:
        runs: At least one, of the same data.
        most: How many samples are shown; None for up to :data:`MOST_SAMPLES`, fewer of large images.

    Raises:
        DataError: If the runs are of different data, have no sample in common, or one is damaged.
    """
    compared, ids = columns(runs), common(runs)
    wanted = ids[: MOST_SAMPLES if most is None else most]
    samples, missing = _samples(runs[0], wanted)
    evidence = Evidence(compared, [latents_of(column) for column in compared])
    shown, size = list[Shown](), 0
    for identifier in wanted:
        shown.append(evidence.show(identifier, samples.get(identifier)))
        size += sum(len(picture.uri) for picture in shown[-1].pictures)
        if most is None and size > MOST_BYTES:
            break
    return Content(
        title=_title(runs[0]),
        methods=tuple(_method(column, evidence.averages) for column in compared),
        notices=tuple(_notices(runs, ids, len(shown), missing, any(evidence.latents))),
        scored=scored(compared),
        shown=tuple(shown),
        samples=len(ids),
        differing=differences(runs),
        averages=evidence.averages,
        noises=evidence.noises,
    )


def _samples(run: Finished, wanted: Sequence[str]) -> tuple[dict[str, Sample], str]:
    """Sources and references by id, or why there are none: a run may have outlived its data set."""
    try:
        return {sample.id: sample for sample in run.samples(frozenset(wanted))}, ""
    except SpectralkitError as error:
        return {}, str(error)


def _title(run: Finished) -> str:
    scale = f" x{run.config.scale}" if run.config.scale else ""
    return f"{run.config.dataset}{scale}, translated by {run.config.model}"


def _method(column: Column, averages: Averages) -> Method:
    run = column.run
    return Method(
        key=key_of(column),
        label=column.label,
        run=run,
        verdict=verdict(run),
        detail=_detail(key_of(column), averages),
        command=command(run.config, save_latents=run.has_latents),
        provenance=_provenance(run.directory / "run.toml"),
        options=flat(run.config.as_table()),
    )


def _detail(key: str, averages: Averages) -> str:
    ours, real = averages.get(key), averages.get("reference")
    if ours is None or real is None or not real.fine > 0 or not math.isfinite(ours.fine / real.fine):
        return ""
    return share(ours.fine / real.fine)


def _provenance(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DataError(f"cannot read {path}: {told(error)}") from error


def _notices(runs: Sequence[Finished], ids: Sequence[str], shown: int, missing: str, latents: bool) -> list[str]:
    found = []
    if missing:
        found.append(f"Sources and real images are not shown, for the data set is not to be had: {missing}.")
    if len({len(run.rows) for run in runs}) > 1:
        counts = ", ".join(str(len(run.rows)) for run in runs)
        found.append(
            f"The runs are of different numbers of samples ({counts}): their scores are not of the same images."
        )
    if keys := differences(runs):
        found.append(f"The runs differ in more than the method: {', '.join(keys)}. See the configuration below.")
    if shown < len(ids):
        found.append(
            f"The first {shown} of {len(ids)} samples are shown, and the spectra are theirs; scores are of all."
        )
    if not latents:
        found.append("No latents are shown, for these runs did not keep them: run them again with --save-latents.")
    return found
