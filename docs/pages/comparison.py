"""The page of the comparison: one table a model, one row a method with its guidance.

Every (method, seed) is one run with its own run directory, which is kept: an interrupted comparison goes on where it
stopped. Methods that draw nothing are run once; others once a seed, and their row holds mean and standard deviation
(ddof 1).

In every column of scores the best value is bold, and what comes within 5 % of it is underlined: at least 0.95 of it
where higher is better, at most 1 / 0.95 of it where lower is. The best itself is never underlined.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, cast

import attrs

from pages import kept
from pages.kept import spread
from pages.markdown import code, has_section, marked, table, with_section
from pages.options import add_number, add_runs, command
from pages.rows import Row, default_rows
from spectralkit.api import load_dataset, load_model
from spectralkit.errors import ConfigurationError, NonFiniteError
from spectralkit.models.model import Model
from spectralkit.plugins import MetricSpec
from spectralkit.plugins.registry import registry
from spectralkit.running.config import DEFAULT_METRICS, RunConfig

DATASET = "ihc"
TOLERANCE = 0.95
"""What counts as close to the best."""


@attrs.frozen(kw_only=True)
class Plan:
    """What is compared.

    Args:
        model: Registered name, or a checkpoint directory.
        rows: The table's rows.
        seeds: Of all noise.
        samples: How many samples of the data set.
        steps: N.
        scale: Degradation of the source.
        batch_size: Samples at a time.
        cache: Where the run directories are kept.
        command: The command line, to be printed with the table.
    """

    model: str
    rows: tuple[Row, ...]
    seeds: tuple[int, ...]
    samples: int
    steps: int
    scale: int
    batch_size: int
    cache: Path
    command: str

    @classmethod
    def read(cls, arguments: argparse.Namespace) -> Plan:
        """The plan that a command line describes."""
        rows = tuple(map(Row.read, arguments.methods)) if arguments.methods else default_rows()
        options = {name: getattr(arguments, name) for name in ("model", "samples", "steps", "scale", "batch_size")}
        told = {**options, "seeds": arguments.seeds, **({"methods": arguments.methods} if arguments.methods else {})}
        return cls(
            **options,
            rows=rows,
            seeds=tuple(arguments.seeds),
            cache=arguments.resume_dir,
            command=command("comparison", told),
        )

    def config(self, row: Row, seed: int) -> RunConfig:
        """One run."""
        return RunConfig(
            model=self.model,
            method=row.method,
            dataset=DATASET,
            scale=self.scale,
            steps=self.steps,
            samples=self.samples,
            batch_size=self.batch_size,
            seed=seed,
            guidance=row.guidance,
            metrics=DEFAULT_METRICS,
        )


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of ``generate.py comparison``."""
    parser.add_argument("--model", default="ddim", metavar="NAME", help="registered model or checkpoint directory")
    parser.add_argument(
        "--methods", nargs="+", metavar="M", help="rows: 'ovg+taba', or with a guidance 'null-class@3' (default: all)"
    )
    add_number(parser, "scale", 8, "degradation of the source")
    add_runs(parser, samples=32, cache=Path("runs/comparison"))


@attrs.frozen
class Outcome:
    """The runs of one row.

    Args:
        row: Which.
        documents: ``metrics.json`` of each seed.
        refusal: Why there are none, or None.
    """

    row: Row
    documents: tuple[dict[str, Any], ...] = ()
    refusal: str | None = None

    def score(self, name: str) -> tuple[float, ...]:
        """One number a seed."""
        return tuple(document["scores"][name] for document in self.documents)

    def counts(self, name: str) -> bool:
        """Whether its value of a metric competes: latents that no inversion made do not."""
        spec = cast(MetricSpec, registry().resolve("metric", name).spec)
        of_latent = "latent" in spec.inputs
        return bool(self.documents) and (
            not of_latent or all(spec.inverts for spec in kept.methods_of(self.row.method))
        )


def section(plan: Plan) -> str:
    """Run the plan, and make the model's section."""
    dataset = load_dataset(DATASET, scale=plan.scale)
    model = load_model(plan.model, dataset=dataset)
    outcomes = [outcome(plan, row, model) for row in plan.rows]
    return "\n\n".join((f"## Model {code(model.name)}", scores(outcomes), caption(plan, model, outcomes)))


def outcome(plan: Plan, row: Row, model: Model) -> Outcome:
    """Run a row, or find its runs."""
    seeds = plan.seeds if kept.is_random(row.method, model) else plan.seeds[:1]
    try:
        return Outcome(row, tuple(document(plan, row, seed, model) for seed in seeds))
    except (ConfigurationError, NonFiniteError) as error:
        return Outcome(row, refusal=str(error))


def document(plan: Plan, row: Row, seed: int, model: Model) -> dict[str, Any]:
    """``metrics.json`` of one run, which is done now unless it is there."""
    config = plan.config(row, seed)
    directory = kept.place(plan.cache, config, model)
    kept.run(directory, config, f"{plan.model}: {row.told}, seed {seed}")
    return kept.document(directory)


def scores(outcomes: Sequence[Outcome]) -> str:
    """The table."""
    columns = [_scores(name, outcomes) for name in DEFAULT_METRICS]
    header = ("method", *(_title(name) for name in DEFAULT_METRICS), "energy", "NFE", "seconds")
    rows = []
    for i, one in enumerate(outcomes):
        if one.refusal:
            rows.append((one.row.told, "refused: see below", *[""] * (len(header) - 2)))
        else:
            rows.append((one.row.told, *(column[i] for column in columns), *_rest(one)))
    refused = [f"- {one.row.told} is refused: {one.refusal}" for one in outcomes if one.refusal]
    return "\n\n".join((table(header, rows), *(["\n".join(refused)] if refused else [])))


def _title(name: str) -> str:
    spec = cast(MetricSpec, registry().resolve("metric", name).spec)
    return f"{name.upper().replace('-', '_')} {'↑' if spec.higher_is_better else '↓'}"


def _scores(name: str, outcomes: Sequence[Outcome]) -> list[str]:
    """A column: best bold, close ones underlined, in brackets what does not compete."""
    spec = cast(MetricSpec, registry().resolve("metric", name).spec)
    means = [fmean(one.score(name)) if one.counts(name) else None for one in outcomes]
    marks = emphasis(means, higher_is_better=spec.higher_is_better)
    cells = [spread(one.score(name), 2 if name == "psnr" else 3) if one.documents else "" for one in outcomes]
    return [
        mark.format(cell) if mean is not None or not cell else f"({cell})"
        for cell, mark, mean in zip(cells, marks, means, strict=True)
    ]


def emphasis(values: Sequence[float | None], *, higher_is_better: bool) -> list[str]:
    """How to print each value: a format of ``**{}**``, ``<u>{}</u>`` or ``{}``; None competes with nothing."""
    present = [value for value in values if value is not None]
    if not present:
        return ["{}"] * len(values)
    best = max(present) if higher_is_better else min(present)

    def of(value: float | None) -> str:
        if value is None:
            return "{}"
        if value == best:
            return "**{}**"
        close = value >= TOLERANCE * best if higher_is_better else value <= best / TOLERANCE
        return "<u>{}</u>" if close else "{}"

    return list(map(of, values))


def _rest(one: Outcome) -> tuple[str, str, str]:
    """Energy of the latent, evaluations a sample, seconds."""
    energy = spread([document["details"]["s-g"]["mean(r)/d"] for document in one.documents], 3)
    forwards, backwards = (fmean(d["cost"][key] for d in one.documents) for key in ("forwards", "backwards"))
    evaluations = f"{forwards:.4g} F" + (f" + {backwards:.4g} B" if backwards else "")
    return energy, evaluations, f"{fmean(d['seconds'] for d in one.documents):.1f}"


def caption(plan: Plan, model: Model, outcomes: Sequence[Outcome]) -> str:
    """What the numbers depend on."""
    ran = next((document for one in outcomes for document in one.documents), None)
    if ran is None:
        raise ConfigurationError(f"every row was refused by model '{plan.model}': compare other methods")
    trained = model.provenance.get("training", {}).get("steps")
    real = ran["details"]["s-hf"]
    several = "; rows without ± draw nothing and were run once" if len(plan.seeds) > 1 else ""
    facts = (
        f"{code(DATASET)} x{plan.scale}, {plan.samples} samples, {plan.steps} steps, "
        f"seeds {', '.join(map(str, plan.seeds))}{several}.",
        f"Model {code(model.name)}" + (f", {trained} training steps" if trained else "") + f", on {ran['device']}.",
        f"S_G of white noise at this number of samples: about {ran['details']['s-g']['expected under the null']:.2f}.",
        f"S_HF: mu = {real['mu']:.2f} over {real['real images']:.0f} real images of {real['size']}, pixel range "
        f"{real['range']:g}, {real['wavelet']}, {real['boundary']}.",
        f"Made by {code(plan.command)}.",
    )
    return "\n".join(f"- {fact}" for fact in facts)


def with_model(page: str, model: str, body: str) -> str:
    """``page`` with the section of ``model`` replaced, or added at the end."""
    name = Path(model).name
    return with_section(page, name, body) if has_section(page, name) else f"{page.rstrip()}\n\n{marked(name, body)}\n"
