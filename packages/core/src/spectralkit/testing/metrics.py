"""Laws of metrics, on random images with falling spectra and on white latents."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, cast

import attrs
import torch
from torch import Tensor

from spectralkit.errors import SpectralkitError
from spectralkit.metric import Score
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec
from spectralkit.testing.law import Kit, Law, demand, demand_close, demand_refusal, law, natural_images

from torchmetrics import MetricCollection  # isort: skip  (importable only after the repair spectralkit.metric makes)

COUNT = 6
SIDES = (32, 64, 192, 256)
"""Sides of images; the smallest that a metric accepts is used."""

Inputs = dict[str, Tensor]


def targets(side: int) -> Callable[[], Iterator[Tensor]]:
    """The fact ``targets``: real images of the target domain."""
    return lambda: iter(natural_images(0, COUNT, (3, side, side)))


@attrs.frozen(eq=False)
class Subject:
    """A metric, built anew for every use, and the side of the images it accepts."""

    spec: MetricSpec
    parameters: dict[str, Any]
    side: int

    def build(self) -> Score:
        """A fresh instance with its facts."""
        facts = {"targets": targets(self.side), "structure": "rgb"}
        given = {name: facts[name] for name in self.spec.facts}
        return cast(Score, registry().build("metric", self.spec.name, **given, **self.parameters))

    def inputs(self, seed: int) -> Inputs:
        """:data:`COUNT` samples of what the metric declares."""
        everything = self.everything(seed)
        return {name: everything[name] for name in self.spec.inputs}

    def everything(self, seed: int) -> Inputs:
        """:data:`COUNT` samples of all that there is: sources, noisy references and outputs, white latents."""
        shape = (3, self.side, self.side)
        generator = torch.Generator().manual_seed(seed)
        source = natural_images(seed, COUNT, shape)
        noise = torch.randn(2, *source.shape, generator=generator)
        return {
            "source": source,
            "reference": (source + 0.05 * noise[0]).clamp(0, 1),
            "generated": (source + 0.10 * noise[1]).clamp(0, 1),
            "latent": torch.randn(COUNT, 4, 16, 16, generator=generator),
        }

    def fed(self, *batches: Inputs) -> Score:
        """A fresh metric after these batches."""
        metric = self.build()
        for batch in batches:
            metric.update(**batch)
        return metric

    def merit(self, score: float) -> float:
        """The larger the better, whatever the direction."""
        if self.spec.best is not None:
            return -abs(score - self.spec.best)
        return score if self.spec.higher_is_better else -score

    def score(self, *batches: Inputs) -> float:
        """Its score."""
        return float(self.fed(*batches).compute())


def prepare(spec: MetricSpec, parameters: dict[str, Any]) -> Subject:
    """Find the smallest images that the metric accepts; the refusal of the largest is the user's to read."""
    for side in SIDES[:-1]:
        subject = Subject(spec, parameters, side)
        with suppress(SpectralkitError):
            subject.fed(subject.inputs(0)).compute()
            return subject
    subject = Subject(spec, parameters, SIDES[-1])
    subject.fed(subject.inputs(0)).compute()
    return subject


def rows(inputs: Inputs, index: list[int]) -> Inputs:
    """Some of the samples."""
    return {name: values[index] for name, values in inputs.items()}


def demand_equal(found: float, expected: float, told: str) -> None:
    """Demand equality within the round-off of a float32 sum."""
    demand(math.isclose(found, expected, rel_tol=1e-5, abs_tol=1e-6), f"{told}: {found:.8g} and {expected:.8g}")


@law(examples=1)
def is_a_score(subject: Subject, seed: int) -> None:
    """The target builds a Score, whose update takes the declared inputs and whose score is a scalar."""
    metric = subject.fed(subject.inputs(seed))
    demand(isinstance(metric, Score), f"{subject.spec.target} returns {type(metric).__name__}, expected a Score")
    score = metric.compute()
    demand(score.ndim == 0, f"compute returns the shape {tuple(score.shape)}, expected a scalar")


@law(examples=1)
def says_which_way_is_better(subject: Subject, seed: int) -> None:
    """The class has the spec's higher_is_better, which torchmetrics' tracker reads."""
    found, declared = subject.build().higher_is_better, subject.spec.higher_is_better
    demand(found is declared, f"higher_is_better is {found} on the class and {declared} in the spec")


@law(examples=1)
def takes_its_inputs_by_place_and_by_name(subject: Subject, seed: int) -> None:
    """update declares the inputs of the spec, in that order, and takes them either way."""
    metric, inputs = subject.build(), subject.inputs(seed)
    declared = ", ".join(inspect.signature(metric.update).parameters)
    expected = ", ".join(inputs)
    demand(declared == expected, f"update declares {declared or 'nothing'}, the spec {expected}")
    metric.update(*inputs.values())
    demand_equal(float(metric.compute()), subject.score(inputs), "inputs by place and by name")


@law(examples=1)
def keeps_to_itself_in_a_collection(subject: Subject, seed: int) -> None:
    """A torchmetrics collection hands it its own inputs only, and takes no other metric's states for its own."""
    collection = MetricCollection({name: subject.build() for name in ("one", "another")})
    for batch in (seed, seed + 1):
        collection.update(**subject.everything(batch))
    groups = collection.compute_groups.values()
    demand(all(len(group) == 1 for group in groups), "two metrics whose states were equal once are taken for one")
    alone = subject.score(subject.inputs(seed), subject.inputs(seed + 1))
    for score in collection.compute().values():
        demand_equal(float(score), alone, "in a collection and alone")


@law()
def lies_in_its_range(subject: Subject, seed: int) -> None:
    """Scores lie in the declared range, those of perfect translations included."""
    low, high = subject.spec.range
    inputs = subject.inputs(seed)
    perfect = {name: values if name == "latent" else next(iter(inputs.values())) for name, values in inputs.items()}
    for batch in (inputs, perfect):
        score = subject.score(batch)
        demand(low <= score <= high, f"the score {score:.6g} is outside of the declared range [{low:g}, {high:g}]")


@law(examples=1)
def is_reproducible(subject: Subject, seed: int) -> None:
    """Two instances give the same score for the same samples, whatever the global generator."""
    inputs = subject.inputs(seed)
    first = subject.score(inputs)
    torch.randn(1)
    demand(first == subject.score(inputs), "two instances disagree")


@law(examples=1)
def ignores_the_order_of_samples(subject: Subject, seed: int) -> None:
    """A permutation of the samples leaves the score."""
    inputs = subject.inputs(seed)
    order = torch.randperm(COUNT, generator=torch.Generator().manual_seed(seed)).tolist()
    demand_equal(subject.score(rows(inputs, order)), subject.score(inputs), "permuted samples and samples in order")


@law(examples=1)
def ignores_the_split_into_batches(subject: Subject, seed: int) -> None:
    """The score is that of the samples, not of their batches."""
    inputs = subject.inputs(seed)
    parts = [rows(inputs, index) for index in ([0], [1, 2, 3], list(range(4, COUNT)))]
    demand_equal(subject.score(*parts), subject.score(inputs), "three batches and one")


@law(examples=1)
def scores_samples_by_themselves(subject: Subject, seed: int) -> None:
    """Values per sample, where there are any, have the shape (B,) and do not depend on the rest of the batch."""
    inputs = subject.inputs(seed)
    metric = subject.fed(inputs)
    whole = metric.values
    metric.update(**rows(inputs, [COUNT - 1]))
    alone = metric.values
    demand((whole is None) == (alone is None), "values are there for some batches only")
    if whole is not None and alone is not None:
        demand(whole.shape == (COUNT,), f"values have the shape {tuple(whole.shape)}, expected ({COUNT},)")
        demand_close(alone, whole[-1:], "the value of a sample alone and in its batch", tolerance=1e-5)


@law(examples=1)
def can_be_computed_in_parts(subject: Subject, seed: int) -> None:
    """Merging the states of two instances, as processes do, gives the score of all samples."""
    inputs = subject.inputs(seed)
    first, second = (subject.fed(rows(inputs, index)) for index in ([0, 1], list(range(2, COUNT))))
    first.merge_state(second)
    demand_equal(float(first.compute()), subject.score(inputs), "two merged states and one")


@law(examples=1)
def starts_again_after_a_reset(subject: Subject, seed: int) -> None:
    """After reset, earlier samples have no influence."""
    metric = subject.fed(subject.inputs(seed + 1))
    metric.compute()
    metric.reset()
    metric.update(**subject.inputs(seed))
    demand_equal(float(metric.compute()), subject.score(subject.inputs(seed)), "after a reset and fresh")


@law(examples=1)
def shows_nothing_after_a_reset(subject: Subject, seed: int) -> None:
    """After reset, values and details are those of a fresh instance."""
    metric = subject.fed(subject.inputs(seed))
    metric.compute()
    metric.reset()
    demand(metric.values is None, "values are still those of the latest update")
    found, fresh = _told(metric), _told(subject.build())
    demand(found == fresh, f"details are {found}, those of a fresh instance {fresh}")


def _told(metric: Score) -> Mapping[str, float | str] | str:
    """The details, or why there are none."""
    try:
        return metric.details()
    except SpectralkitError as error:
        return str(error)


@law(examples=1)
def keeps_its_precision(subject: Subject, seed: int) -> None:
    """Half precision asked of it, or of a module that holds it, leaves what it has summed."""
    batches = subject.inputs(seed), subject.inputs(seed + 1)
    metric = subject.fed(batches[0])
    for dtype in (torch.float16, torch.bfloat16):
        torch.nn.ModuleList([metric]).to(dtype)
        metric.half().set_dtype(dtype)
    metric.update(**batches[1])
    demand_equal(float(metric.compute()), subject.score(*batches), "after a change to half precision and without")


@law(examples=1)
def loses_nothing_to_a_refused_batch(subject: Subject, seed: int) -> None:
    """A batch that update or forward refuses leaves the score as it was."""
    inputs = subject.inputs(seed)
    metric = subject.fed(inputs)
    for name, values in inputs.items():
        refused = {**inputs, name: values * math.nan}
        for take in (metric.update, metric.forward):
            demand_refusal(SpectralkitError, partial(take, **refused), f"NaN in {name}")
    demand_equal(float(metric.compute()), subject.score(inputs), "after a refused batch and without")


@law(examples=1)
def has_no_score_without_samples(subject: Subject, seed: int) -> None:
    """compute before any update is refused."""
    demand_refusal(SpectralkitError, lambda: subject.build().compute(), "compute before any update")


@law(examples=1)
def refuses_what_is_no_number(subject: Subject, seed: int) -> None:
    """NaN and infinity in any input are refused."""
    for name in subject.spec.inputs:
        for value in (math.nan, math.inf):
            inputs = {key: values.clone() for key, values in subject.inputs(seed).items()}
            inputs[name][1, 0, 2, 3] = value
            demand_refusal(SpectralkitError, partial(subject.score, inputs), f"{value} in {name}")


@law(examples=1)
def refuses_images_out_of_range(subject: Subject, seed: int) -> None:
    """Images outside of [0, 1] are refused, never guessed at."""
    for name in set(subject.spec.inputs) - {"latent"}:
        for scale, offset in ((255.0, 0.0), (2.0, -1.0)):
            inputs = subject.inputs(seed)
            inputs[name] = scale * inputs[name] + offset
            demand_refusal(SpectralkitError, partial(subject.score, inputs), f"{name} outside of [0, 1]")


@law(examples=1)
def refuses_differing_shapes(subject: Subject, seed: int) -> None:
    """Images of another number, other channels or another size than the rest are refused, never broadcast."""
    others = {"number": (slice(1),), "channels": (slice(None), slice(1)), "size": (..., slice(1))}
    for name in set(subject.spec.inputs) - {"latent"}:
        for told, cut in others.items():
            inputs = subject.inputs(seed)
            inputs[name] = inputs[name][cut]
            demand_refusal(SpectralkitError, partial(subject.score, inputs), f"{name} of another {told}")


@law(examples=1)
def leaves_its_inputs_alone(subject: Subject, seed: int) -> None:
    """No input is written to."""
    inputs = subject.inputs(seed)
    before = {name: values.clone() for name, values in inputs.items()}
    subject.score(inputs)
    for name, values in inputs.items():
        demand(torch.equal(values, before[name]), f"{name} changed")


@law()
def prefers_the_truth(subject: Subject, seed: int) -> None:
    """A perfect translation scores at least as well as a noisy one, in the declared direction or near the best."""
    inputs = subject.inputs(seed)
    truth = inputs[next(name for name in subject.spec.inputs if name != "generated")]
    perfect, noisy = subject.score({**inputs, "generated": truth}), subject.score(inputs)
    better = subject.merit(perfect) - subject.merit(noisy)
    told = f"the truth scores {perfect:.6g}, a noisy copy {noisy:.6g}, and {subject.spec.better} is better"
    demand(better > -1e-6, told)


@law(examples=1)
def explains_itself(subject: Subject, seed: int) -> None:
    """details are numbers and words by name."""
    metric = subject.fed(subject.inputs(seed))
    metric.compute()
    details = metric.details()
    demand(isinstance(details, Mapping), f"details returns {type(details).__name__}, expected a mapping")
    for name, value in details.items():
        demand(isinstance(name, str) and isinstance(value, int | float | str), f"details: {name!r} is {value!r}")


def laws(spec: MetricSpec) -> tuple[Law[Subject], ...]:
    """What a metric of these inputs, and of this direction or best score if it has one, obeys."""
    directed = spec.higher_is_better is not None or spec.best is not None
    pairs = len(set(spec.inputs) - {"latent"}) > 1
    compares = directed and len(spec.inputs) == 2 and "generated" in spec.inputs and "latent" not in spec.inputs
    return (
        is_a_score,
        says_which_way_is_better,
        takes_its_inputs_by_place_and_by_name,
        keeps_to_itself_in_a_collection,
        lies_in_its_range,
        is_reproducible,
        ignores_the_order_of_samples,
        ignores_the_split_into_batches,
        scores_samples_by_themselves,
        can_be_computed_in_parts,
        starts_again_after_a_reset,
        shows_nothing_after_a_reset,
        keeps_its_precision,
        loses_nothing_to_a_refused_batch,
        has_no_score_without_samples,
        refuses_what_is_no_number,
        *((refuses_images_out_of_range,) if spec.inputs != ("latent",) else ()),
        *((refuses_differing_shapes,) if pairs else ()),
        leaves_its_inputs_alone,
        *((prefers_the_truth,) if compares else ()),
        explains_itself,
    )


KIT = Kit(prepare, laws)
