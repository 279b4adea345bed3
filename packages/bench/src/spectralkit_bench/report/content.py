"""All that a page says, as values: the template asks nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from spectralkit.data import Sample
from spectralkit.errors import DataError, SpectralkitError, told
from spectralkit_bench.finished import Finished
from spectralkit_bench.report.columns import Column, all_seeds, columns, common, differences, flat
from spectralkit_bench.report.evidence import Evidence, Shown, latents_of
from spectralkit_bench.report.numbers import Over, share
from spectralkit_bench.report.palette import MOST
from spectralkit_bench.report.scoring import Scored, scored
from spectralkit_bench.report.spectra import Averages
from spectralkit_bench.report.verdict import Verdict, verdict
from spectralkit_bench.reproducing import command

MOST_SAMPLES = 200
"""Shown by default."""

MOST_BYTES = 64 * 2**20
"""Of pictures, unless a number of samples is asked for."""


@attrs.frozen(eq=False)
class Method:
    """A method as the page tells it.

    Args:
        column: Its runs and its name.
        verdict: What became of its latents.
        detail: Its fine detail against that of the real images, in words; empty where not known.
        commands: That run it again, one a run.
        provenance: The ``run.toml`` of every run.
        options: Its configuration, flat.
    """

    column: Column
    verdict: Verdict
    detail: str
    commands: tuple[str, ...]
    provenance: tuple[str, ...]
    options: dict[str, object]

    @property
    def key(self) -> str:
        """Of its colour and its pictures."""
        return self.column.key

    @property
    def label(self) -> str:
        """Its name."""
        return self.column.label

    @property
    def runs(self) -> tuple[Finished, ...]:
        """One a seed."""
        return self.column.runs

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of its runs."""
        return all_seeds(self.runs)

    def cost(self, kind: str) -> Over:
        """Network evaluations a sample, ``forwards`` or ``backwards``."""
        return Over.of(float(run.document["cost"][kind]) for run in self.runs)

    @property
    def seconds(self) -> Over:
        """Of a run."""
        return Over.of(float(run.document["seconds"]) for run in self.runs)


@attrs.frozen(eq=False)
class Content:
    """A report.

    Args:
        title: What it is about.
        methods: The methods.
        seeds: Those of all runs.
        notices: What a reader must know before comparing.
        scored: The scores.
        shown: The samples in the page.
        samples: How many samples all runs have.
        differing: Options that are not the same for all methods, the value of each.
        averages: Mean spectra of the images.
        noises: Mean spectra of the latents.
    """

    title: str
    methods: tuple[Method, ...]
    seeds: tuple[int, ...]
    notices: tuple[str, ...]
    scored: Scored
    shown: tuple[Shown, ...]
    samples: int
    differing: dict[str, list[str]]
    averages: Averages
    noises: Averages


def content(runs: Sequence[Finished], most: int | None = None, lacking: Sequence[str] = ()) -> Content:
    """Everything that is shown of these runs.

    Args:
        runs: At least one, of the same data.
        most: How many samples are shown; None for up to :data:`MOST_SAMPLES`, fewer of large images.
        lacking: What there is no run of, and why.

    Raises:
        DataError: If the runs are of different data, have no sample in common, or one is damaged.
    """
    compared, ids = columns(runs), common(runs)
    wanted = ids[: MOST_SAMPLES if most is None else most]
    samples, missing = _samples(runs[0], wanted)
    evidence = Evidence(compared, [[latents_of(run) for run in column.runs] for column in compared])
    shown, size = list[Shown](), 0
    for identifier in wanted:
        shown.append(evidence.show(identifier, samples.get(identifier)))
        size += sum(len(picture.uri) for picture in shown[-1].pictures)
        if most is None and size > MOST_BYTES:
            break
    return Content(
        title=_title(runs),
        methods=tuple(_method(column, evidence.averages) for column in compared),
        seeds=all_seeds(runs),
        notices=(*lacking, *_notices(compared, ids, shown, missing)),
        scored=scored(compared),
        shown=tuple(shown),
        samples=len(ids),
        differing=differences([column.first for column in compared]),
        averages=evidence.averages,
        noises=evidence.noises,
    )


def _samples(run: Finished, wanted: Sequence[str]) -> tuple[dict[str, Sample], str]:
    """Sources and references by id, or why there are none: a run may have outlived its data set."""
    try:
        return {sample.id: sample for sample in run.samples(frozenset(wanted))}, ""
    except SpectralkitError as error:
        return {}, str(error)


def _title(runs: Sequence[Finished]) -> str:
    config = runs[0].config
    scale = f" x{config.scale}" if config.scale else ""
    models = " and ".join(dict.fromkeys(run.config.model for run in runs))
    return f"{config.dataset}{scale}, translated by {models}"


def _method(column: Column, averages: Averages) -> Method:
    options = flat(column.first.config.as_table())
    return Method(
        column=column,
        verdict=verdict(column.runs),
        detail=_detail(column.key, averages),
        commands=tuple(command(run.config, save_latents=run.has_latents) for run in column.runs),
        provenance=tuple(_provenance(run.directory / "run.toml") for run in column.runs),
        options={**options, "seed": all_seeds(column.runs)} if len(column.runs) > 1 else options,
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


def _notices(columns: Sequence[Column], ids: Sequence[str], shown: Sequence[Shown], missing: str) -> Iterator[str]:
    counts = dict.fromkeys(len(run.rows) for column in columns for run in column.runs)
    if missing:
        yield f"Sources and real images are not shown, for the data set is not to be had: {missing}."
    if len(counts) > 1:
        told = ", ".join(map(str, counts))
        yield f"The runs are of different numbers of samples ({told}): their scores are not of the same images."
    if keys := differences([column.first for column in columns]):
        yield f"The runs differ in more than the method: {', '.join(keys)}. See the configuration below."
    if len(shown) < len(ids):
        yield f"The first {len(shown)} of {len(ids)} samples are shown, and the spectra are theirs; scores are of all."
    if not any(run.has_latents for column in columns for run in column.runs):
        yield "No latents are shown, for these runs did not keep them: run them again with --save-latents."
    if len(columns) > MOST:
        yield f"There are more than {MOST} methods: from there on colours and dashes come again."
