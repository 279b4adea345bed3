"""A metric alone: inputs by place and by name, torchmetrics' habits, and states that nothing but a batch changes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

import spectralkit as sk
from spectralkit.errors import ConfigurationError, DataError, NonFiniteError, SpectralkitError
from spectralkit.metric import MeanScore, Score, check_images, check_parameters, real_images

# torchmetrics imports only after the repair that spectralkit.metric makes.
from torchmetrics import MetricCollection, MetricTracker  # isort: skip


class Difference(MeanScore):
    """Mean absolute difference to a power."""

    higher_is_better = False

    def __init__(self, power: int = 1) -> None:
        super().__init__()
        self.power = power

    def score(self, *, generated: Tensor, reference: Tensor) -> Tensor:
        check_images("error", generated=generated, reference=reference)
        return (generated - reference).abs().pow(self.power).flatten(1).mean(1)


class Grey(Difference):
    """Takes another input than its parent."""

    def score(self, *, source: Tensor) -> Tensor:
        return source.flatten(1).mean(1)


class Largest(Score):
    """No mean; needs two samples."""

    higher_is_better = True
    largest: Tensor
    seen: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("largest", torch.zeros((), dtype=torch.float64), dist_reduce_fx="max")
        self.add_state("seen", [], dist_reduce_fx="cat")

    @torch.no_grad()
    def update(self, *, generated: Tensor) -> None:
        assert not torch.is_grad_enabled()
        self.largest = torch.maximum(self.largest, generated.double().max())
        self.seen.append(generated.flatten(1).amax(1))

    def compute(self) -> Tensor:
        if sum(map(len, self.seen)) < 2:
            raise DataError("largest of two")
        return self.largest


class Unborn(Difference):
    """Forgets its parent's constructor."""

    def __init__(self) -> None:
        self.power = 1


class Odd(MeanScore):
    """Scores as it is told to."""

    def __init__(self, score: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.told = score

    def score(self, *, generated: Tensor) -> Tensor:
        return self.told(generated)  # type: ignore[return-value]


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    return tuple(torch.rand(2, 5, 3, 8, 8, generator=torch.Generator().manual_seed(0)))  # type: ignore[return-value]


def fed(metric: Score, *inputs: Tensor) -> Score:
    metric.update(*inputs)
    return metric


# --- inputs -----------------------------------------------------------------------------------------------------------


def test_inputs_go_by_place_by_name_and_mixed(pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = pair
    by_name = Difference()
    by_name.update(generated=generated, reference=reference)
    score = by_name.compute()
    assert fed(Difference(), generated, reference).compute() == score
    assert Difference()(generated, reference) == Difference()(generated, reference=reference) == score
    assert Largest()(generated) == generated.double().max()


def test_update_shows_the_inputs_of_the_class_itself() -> None:
    for metric, names in ((Difference(), ["generated", "reference"]), (Grey(), ["source"]), (Largest(), ["generated"])):
        for update in (metric.update, metric.clone().update):
            assert list(inspect.signature(update).parameters) == names
    assert fed(Grey(), torch.full((2, 3, 8, 8), 0.25)).compute() == 0.25


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda m, x: m.update(x),
            "Difference.update takes generated and reference: missing a required argument: 'refe",
        ),
        (lambda m, x: m.update(x, x, x), "takes generated and reference: too many positional arguments"),
        (lambda m, x: m(source=x, generated=x), "takes generated and reference: missing a required argument"),
        (lambda m, x: m.update(x, x, latent=x), "unexpected keyword argument 'latent'"),
        (
            lambda m, x: m.update(x, x.numpy()),
            "Difference: reference must be a torch tensor, got ndarray: try torch.as_ten",
        ),
        (lambda m, x: m(x.tolist(), x), "Difference: generated must be a torch tensor, got list"),
        (lambda m, x: m.update(None, x), "Difference: generated must be a torch tensor, got NoneType"),
        (lambda m, x: m.update(x[0], x[0]), r"error: generated must be \(B, C, H, W\), got \(3, 8, 8\)"),
        (lambda m, x: m.update((255 * x).byte(), x), "error: generated holds torch.uint8"),
    ],
)
def test_what_is_no_batch_of_tensors_is_refused_in_a_sentence(
    call: Callable[[Score, Tensor], object], told: str, pair: tuple[Tensor, Tensor]
) -> None:
    with pytest.raises(DataError, match=told) as refusal:
        call(Difference(), pair[0])
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (2, 1, 8, 8), (2, 3, 8, 1)])
def test_images_that_would_broadcast_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        DataError, match=r"^tint: source \(2, 3, 8, 8\) and generated .* differ in shape: resize or crop"
    ):
        check_images("tint", source=torch.rand(2, 3, 8, 8), generated=torch.rand(shape))


@pytest.mark.parametrize(
    "use",
    [
        lambda metric, pair: metric.update(*pair),
        lambda metric, pair: metric(*pair),
        lambda metric, pair: metric.compute(),
        lambda metric, pair: metric.reset(),
        lambda metric, pair: metric.to("cpu"),
        lambda metric, pair: metric.add_state("more", pair[0]),
    ],
)
def test_a_score_without_its_parents_constructor_is_told(
    use: Callable[[Score, tuple[Tensor, Tensor]], object], pair: tuple[Tensor, Tensor]
) -> None:
    with pytest.raises(SpectralkitError, match=r"Unborn'> does not begin its __init__ with super\(\).__init__\(\)"):
        use(Unborn(), pair)


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (lambda x: None, "None"),
        (lambda x: x.mean(), r"\(\)"),
        (lambda x: x.mean((2, 3)), r"\(4, 3\)"),
        (lambda x: x.flatten(1).mean(1, keepdim=True), r"\(4, 1\)"),
    ],
)
def test_what_is_no_value_a_sample_is_told(score: Callable[[Tensor], object], told: str) -> None:
    metric = Odd(score)
    with pytest.raises(SpectralkitError, match=rf"Odd'> scored {told} for a batch of 4, expected a tensor \(4,\)"):
        metric.update(torch.rand(4, 3, 8, 8))
    assert metric.count == 0


def test_parameters_of_another_type_are_refused_as_by_name() -> None:
    check_parameters(Difference, power=2)
    with pytest.raises(ConfigurationError, match=r"power must be int, got '2' \(str\)"):
        check_parameters(Difference, power="2")


# --- states -----------------------------------------------------------------------------------------------------------


def test_a_collection_of_equal_states_keeps_its_metrics_apart(pair: tuple[Tensor, Tensor]) -> None:
    # On the first batch both sums are 0: torchmetrics takes metrics of one name of state for one from then on.
    generated, reference = pair
    collection = MetricCollection({"one": Difference(1), "two": Difference(2)})
    collection.update(generated=generated, reference=generated)
    collection.update(generated=generated, reference=reference)
    found = collection.compute()
    for name, power in (("one", 1), ("two", 2)):
        alone = fed(fed(Difference(power), generated, generated), generated, reference)
        assert found[name] == alone.compute()
        assert torch.equal(collection[name].values, alone.values)
    assert found["one"] > found["two"]


def test_a_collection_hands_each_metric_its_own_inputs(pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = pair
    collection = MetricCollection([Difference(), Grey(), Largest()])
    found = collection(generated=generated, reference=reference, source=reference)
    assert found == {
        "Difference": Difference()(generated, reference),
        "Grey": Grey()(reference),
        "Largest": Largest()(generated),
    }


@pytest.mark.parametrize(
    "cast",
    [
        lambda metric: metric.to(torch.float16),
        lambda metric: metric.to(torch.bfloat16),
        lambda metric: metric.set_dtype(torch.bfloat16),
        lambda metric: metric.half().float().double().bfloat16(),
        lambda metric: torch.nn.Sequential(metric).to(torch.float16),
        lambda metric: torch.nn.Sequential(metric).half(),
    ],
)
def test_a_cast_leaves_sums_as_they_are(cast: Callable[[Score], object]) -> None:
    generated, reference = torch.rand(2, 2800, 1, 2, 2)
    metric = fed(Difference(), generated, reference)
    cast(metric)
    assert metric.count == 2800
    metric.update(generated, reference)
    assert metric.count == 5600
    torch.testing.assert_close(metric.compute(), fed(Difference(), generated, reference).compute(), rtol=1e-12, atol=0)
    metric.reset()
    cast(metric)
    assert fed(metric, generated, reference).compute() == fed(Difference(), generated, reference).compute()


def test_sums_move_between_devices() -> None:
    metric = Difference().to("meta")
    assert metric.total.is_meta
    assert metric.total.dtype == torch.float64


@pytest.mark.parametrize("on_step", [False, True])
def test_a_batch_that_forward_refuses_leaves_no_trace(pair: tuple[Tensor, Tensor], on_step: bool) -> None:
    generated, reference = pair
    metric = fed(Difference(), generated, reference)
    metric.dist_sync_on_step = on_step
    score, values = metric.compute(), metric.values
    before = dict(vars(metric))
    for refused, error in ((generated * math.nan, NonFiniteError), (generated + 1, DataError), ("images", DataError)):
        with pytest.raises(error):
            metric(refused, reference)
    assert metric.compute() == score
    assert metric.values is values
    assert vars(metric).keys() == before.keys()
    assert all(vars(metric)[name] is before[name] for name in before if name not in metric.metric_state)
    assert metric(reference, reference) == 0  # and it goes on
    assert metric.compute() == score / 2


def test_a_batch_too_small_to_be_scored_alone_leaves_no_trace() -> None:
    metric = fed(Largest(), torch.zeros(2, 1, 2, 2))
    with pytest.raises(DataError, match="largest of two"):
        metric(torch.ones(1, 1, 2, 2))
    assert metric.compute() == 0
    assert [len(seen) for seen in metric.seen] == [2]


def test_a_collection_has_taken_a_batch_as_far_as_the_metric_that_refuses_it(pair: tuple[Tensor, Tensor]) -> None:
    """As the page on metrics tells; what torchmetrics does is not ours to change."""
    generated, reference = pair
    collection = MetricCollection({"first": Largest(), "second": Difference()})
    with pytest.raises(DataError, match="error: generated must lie"):
        collection.update(generated=generated + 1, reference=reference)
    assert len(collection["first"].seen) == 1  # type: ignore[arg-type]
    collection.reset()
    assert not collection["first"].seen


def test_reset_forgets_the_values(pair: tuple[Tensor, Tensor]) -> None:
    metric = fed(Difference(), *pair)
    assert metric.values is not None
    metric.reset()
    assert metric.values is None


# --- torchmetrics' habits ---------------------------------------------------------------------------------------------


def test_a_tracker_knows_which_way_is_better(pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = pair
    tracker = MetricTracker(Difference())
    for factor in (1.0, 0.5):
        tracker.increment()
        tracker.update(reference + factor * (generated - reference), reference)
    best, step = tracker.best_metric(return_step=True)
    assert step == 1
    assert best == pytest.approx(0.5 * float(Difference()(generated, reference)))


def test_a_score_that_is_best_between_others_is_tracked_by_its_distance() -> None:
    tracker = MetricTracker(abs(Odd(lambda x: x.flatten(1).mean(1)) - 0.5), maximize=False)
    for grey in (0.2, 0.6, 0.9):
        tracker.increment()
        tracker.update(generated=torch.full((2, 3, 4, 4), grey))
    best, step = tracker.best_metric(return_step=True)
    assert (best, step) == (pytest.approx(0.1), 1)


def test_plot_draws_or_says_what_is_missing(pair: tuple[Tensor, Tensor]) -> None:
    metric = fed(Difference(), *pair)
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        with pytest.raises(ModuleNotFoundError, match="matplotlib"):
            metric.plot()
        return
    mpl.use("Agg")
    figure, _ = metric.plot()
    assert figure.axes


def test_keywords_of_torchmetrics_are_followed(toys: object) -> None:
    metric = sk.load_metric("toy-mse", power=1, sync_on_compute=False, compute_on_cpu=True, dist_sync_on_step=True)
    assert (metric.sync_on_compute, metric.compute_on_cpu, metric.dist_sync_on_step) == (False, True, True)
    assert sk.load_metric("toy-mse").sync_on_compute  # they hold for one metric
    with pytest.raises(ConfigurationError, match=r"metric 'toy-mse': Expected keyword argument `sync_on_compute`"):
        sk.load_metric("toy-mse", sync_on_compute="no")
    with pytest.raises(ConfigurationError, match="metric 'toy-mse': no parameter 'sync_on_computer'"):
        sk.load_metric("toy-mse", sync_on_computer=False)
    with pytest.raises(ConfigurationError, match=r"metric 'toy-mse': power must be 1 \| 2, got '2' \(str\)"):
        sk.load_metric("toy-mse", power="2")


# --- facts ------------------------------------------------------------------------------------------------------------

IMAGES = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    "given",
    [IMAGES, list(IMAGES), lambda: iter(IMAGES), lambda: IMAGES, (image for image in IMAGES)],
    ids=["batch", "list", "function", "function of a batch", "generator"],
)
def test_targets_are_given_as_one_has_them(given: object, toys: object) -> None:
    metric = sk.load_metric("toy-gap", targets=given, structure="rgb")  # type: ignore[arg-type]
    assert metric.details() == {"grey": pytest.approx(float(IMAGES.mean())), "structure": "rgb"}


def test_targets_can_be_read_again_and_again() -> None:
    for given in (IMAGES, (image for image in IMAGES), lambda: iter(IMAGES)):
        images = real_images("toy", given)
        assert real_images("another", images) is images
        for _ in range(2):
            assert torch.equal(torch.stack(list(images())), IMAGES)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (IMAGES[0], r"toy: targets must be a batch \(N, C, H, W\), got \(3, 8, 8\)"),
        (IMAGES.numpy(), "toy: target image 0 must be a torch tensor, got ndarray"),
        ([IMAGES[0], IMAGES[0].numpy()], "toy: target image 1 must be a torch tensor, got ndarray"),
        ([IMAGES[0], IMAGES[1, :, :4]], r"toy: target images differ in size, \(3, 8, 8\) and \(3, 4, 8\)"),
        ([IMAGES], r"toy: target image 0 must be \(C, H, W\), got \(4, 3, 8, 8\)"),
        (2 * IMAGES - 1, r"toy: target image 0 must lie in \[0, 1\]"),
        (IMAGES * math.nan, "toy: target image 0 holds NaN"),
        ((255 * IMAGES).byte(), "toy: target image 0 holds torch.uint8"),
        ("a folder", "toy: target image 0 must be a torch tensor, got str"),
        (7, r"toy: targets must be a batch .* or a function that gives them, got int"),
    ],
)
def test_other_targets_are_refused_in_a_sentence(given: object, told: str) -> None:
    with pytest.raises(SpectralkitError, match=told) as refusal:
        real_images("toy", given)  # type: ignore[arg-type]
    assert "\n" not in str(refusal.value)


def test_what_a_function_gives_is_refused_as_it_is_read() -> None:
    def late() -> Iterator[Tensor]:
        yield IMAGES[0]
        yield IMAGES[1, :, :4]

    images = real_images("toy", late)()
    assert torch.equal(next(images), IMAGES[0])
    with pytest.raises(DataError, match="target images differ in size"):
        next(images)
    with pytest.raises(DataError, match="a function that gives them, got NoneType"):
        next(real_images("toy", lambda: None)())  # type: ignore[arg-type, return-value]


def test_facts_come_from_the_data_set_or_directly(toys: object) -> None:
    dataset = sk.load_dataset("toy")
    assert sk.load_metric("toy-gap", dataset=dataset).details()["structure"] == "rgb"
    for facts, told in (
        ({}, "metric 'toy-gap' needs targets and structure of a data set: pass dataset= or targets= and structure="),
        ({"targets": IMAGES}, "metric 'toy-gap' needs structure of a data set: pass dataset= or structure="),
        ({"dataset": dataset, "structure": "rgb"}, "the data set says targets and structure: pass .* not both"),
        ({"dataset": dataset, "targets": IMAGES}, "pass dataset= or targets=, not both"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            sk.load_metric("toy-gap", **facts)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="metric 'toy-mse' takes no structure and no targets: leave"):
        sk.load_metric("toy-mse", targets=IMAGES, structure="rgb")
    sk.load_metric("toy-mse", dataset=dataset)  # which says more than this one asks
