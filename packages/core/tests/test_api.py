"""The Python face: two halves of a translation, onlookers, given noise, precision, networks of one's own."""

from __future__ import annotations

import attrs
import pytest
import torch
from torch import Tensor, nn

import spectralkit as sk
from spectralkit.diffusion.denoiser import Condition, NetworkDenoiser
from spectralkit.diffusion.frozen import frozen
from spectralkit.diffusion.parameterization import EpsParameterization
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import KarrasSchedule, Level, VPSchedule
from spectralkit.errors import ConfigurationError, DataError, UnknownNameError
from spectralkit.inversion.parts import Encoded, MoveSampler, Parts
from spectralkit.models.model import Model

PROCESS = Process(VPSchedule(), EpsParameterization())
KARRAS = Process(KarrasSchedule(), EpsParameterization())


class Tiny(nn.Module):
    """Told an integer class or an embedding of three numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.classes = nn.Embedding(3, 3)
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.register_buffer("shift", torch.tensor(0.1))
        self.heard: list[Tensor] = []

    def forward(self, x: Tensor, label: Tensor, condition: Tensor | None = None) -> Tensor:
        self.heard.append(label)
        if condition is None:
            return self.conv(x) + self.shift
        told = condition if condition.is_floating_point() else self.classes(condition)
        return self.conv(x + told[:, :, None, None]) + self.shift


def tiny(**options: object) -> Model:
    torch.manual_seed(0)
    given = {"process": PROCESS, "conditions": ("low", "high"), "null": 2, "shape": (3, 8, 8), **options}
    return sk.from_network(Tiny(), **given)  # type: ignore[arg-type]


def images(count: int = 2) -> Tensor:
    return torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(1))


@attrs.frozen
class Noised:
    def __call__(self, context):
        level = context.levels[1]
        return Encoded(level.alpha * context.x0 + level.sigma * context.noise.normal("noised", context.x0), 1)


# --- two halves ---


@pytest.mark.parametrize("method", [Parts(), Parts(start=Noised()), Parts(depth=0.5, repeats=3), Parts(double=True)])
@pytest.mark.parametrize("process", [PROCESS, KARRAS])
def test_inverting_and_sampling_is_translating(method: Parts, process: Process) -> None:
    model = tiny(process=process)
    whole = sk.translate(model, method, images(), source="low", target="high", steps=4, guidance=2.0)
    inverted = sk.invert(model, method, images(), source="low", steps=4)
    half = sk.sample(model, method, inverted, target="high", guidance=2.0)
    assert torch.equal(half.images, whole.images)
    assert torch.equal(half.latent, whole.latent)
    assert torch.equal(inverted.latent, whole.latent)
    assert inverted.cost + half.cost == whole.cost


def test_one_inversion_serves_many_targets() -> None:
    model = tiny()
    inverted = sk.invert(model, Parts(), images(), source="low", steps=4)
    for target in ("high", "low", "high"):
        found = sk.sample(model, Parts(), inverted, target=target)
        assert torch.equal(
            found.images, sk.translate(model, Parts(), images(), source="low", target=target, steps=4).images
        )
        assert found.cost.forwards == 4


def test_encode_and_decode_are_the_codec() -> None:
    model = tiny()
    x = sk.encode(model, images())
    torch.testing.assert_close(x, 2 * images() - 1)
    torch.testing.assert_close(sk.decode(model, x), images())
    with pytest.raises(DataError, match=r"must lie in \[0, 1\]"):
        sk.encode(model, images() + 1)


def test_the_latent_is_in_units_of_the_noise() -> None:
    inverted = sk.invert(tiny(process=KARRAS), Parts(), images(), source="low", steps=4)
    torch.testing.assert_close(inverted.latent * 80.0, inverted.inversion.latent)


def test_the_precision_of_the_images_is_that_of_the_state() -> None:
    model = tiny()
    for given, method, expected in (
        (torch.float64, Parts(), torch.float64),
        (torch.float32, Parts(double=True), torch.float64),
        (torch.float32, Parts(), torch.float32),
        (torch.float16, Parts(), torch.float32),
    ):
        out = sk.translate(model, method, images().to(given), source="low", target="high", steps=2)
        assert (out.images.dtype, out.latent.dtype, out.inversion.latent.dtype) == (expected,) * 3


def test_a_target_that_does_not_exist_is_refused_before_the_work() -> None:
    model, seen = tiny(), []
    with pytest.raises(UnknownNameError, match="'hihg': did you mean 'high'"):
        sk.translate(model, Parts(), images(), source="low", target="hihg", callback=seen.append)
    assert seen == []


@pytest.mark.parametrize("images", [None, [1.0], torch.rand(2, 3, 8, 8).numpy()])
def test_what_is_no_tensor_is_told(images: object) -> None:
    with pytest.raises(DataError, match=r"sk\.invert: images must be a torch tensor, got .*: try torch\.as_tensor"):
        sk.invert(tiny(), Parts(), images, source="low")  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"label": "nextt"}, {"guidance": None}, {"guidance": "3"}])
def test_odd_options_are_told(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=f"{next(iter(options))} must be"):
        sk.invert(tiny(), Parts(), images(), source="low", steps=2, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["ovg+taba", lambda: None, None])
def test_a_method_that_is_none_is_told(method: object) -> None:
    with pytest.raises(ConfigurationError, match=r"method must be Parts, as sk\.load_method gives, got"):
        sk.translate(tiny(), method, images(), source="low", target="high", steps=2)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(2, 1, 8, 8), (1, 3, 8, 8), (2, 6, 8, 8), (2, 3, 4, 4)])
def test_a_network_of_another_shape_is_told(shape: tuple[int, ...]) -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor, label: Tensor) -> Tensor:
            return torch.zeros(shape)

    model = sk.from_network(Odd(), process=PROCESS, shape=(3, 8, 8))
    with pytest.raises(DataError, match=r"the network gives .* for a state of \(2, 3, 8, 8\)"):
        sk.invert(model, Parts(), images(), source="any", steps=2)


def test_an_inversion_of_another_process_is_refused() -> None:
    inverted = sk.invert(tiny(), Parts(), images(), source="low", steps=2)
    with pytest.raises(ConfigurationError, match="other levels than model 'network' has"):
        sk.sample(tiny(process=KARRAS), Parts(), inverted, target="high")


# --- onlookers ---


def test_progress_and_callback_follow_every_transition() -> None:
    told, seen = [], []
    model = tiny()
    out = sk.translate(
        *(model, Parts(start=Noised()), images()),
        source="low",
        target="high",
        steps=4,
        keep_trajectory=True,
        progress=lambda *words: told.append(words),
        callback=seen.append,
    )
    assert told == [*((i, 3, "inversion") for i in (1, 2, 3)), *((i, 4, "sampling") for i in (1, 2, 3, 4))]
    levels = model.schedule.levels(4)
    assert [t.level for t in seen] == [*levels[2:], *reversed(levels[:4])]
    assert all(torch.equal(t.x, x) for t, x in zip(seen[:3], out.inversion.trajectory[1:], strict=True))
    torch.testing.assert_close(seen[-1].x, 2 * out.images - 1, rtol=0, atol=2.0)
    # DDIM's own relation between the state left, the state reached and the predicted image
    before, after = seen[4], seen[5]
    eps = (before.x - before.level.alpha * after.x0_hat) / before.level.sigma
    torch.testing.assert_close(after.x, after.level.alpha * after.x0_hat + after.level.sigma * eps)


def test_looking_on_costs_no_evaluation() -> None:
    @attrs.frozen
    class Blind(MoveSampler):
        def __call__(self, probe, here, there, state):
            return probe.x, None

    seen = []
    out = sk.translate(
        *(tiny(), Parts(sampler=Blind()), images()), source="low", target="high", steps=3, callback=seen.append
    )
    assert [t.x0_hat is None for t in seen] == [False] * 3 + [True] * 3
    assert out.cost.forwards == 3


# --- given noise ---


def test_given_noise_is_used_in_place_of_a_draw() -> None:
    model, method = tiny(), Parts(start=Noised())
    drawn = sk.invert(model, method, images(), source="low", steps=4, seed=7, keep_trajectory=True)
    assert drawn.context.noise.drawn == {"noised"}
    level = model.schedule.levels(4)[1]
    n = (drawn.inversion.trajectory[0] - level.alpha * drawn.context.x0) / level.sigma
    replayed = sk.invert(model, method, images(), source="low", steps=4, seed=8, noise={"noised": n})
    torch.testing.assert_close(replayed.latent, drawn.latent)


def test_given_noise_is_parted_with_the_batch() -> None:
    model, method, n = tiny(), Parts(start=Noised()), torch.randn(2, 3, 8, 8)
    both = sk.invert(model, method, images(), source="low", steps=4, noise={"noised": n})
    alone = both.context.noise.select(torch.tensor([1]))
    assert torch.equal(alone.normal("noised", n[1:]), n[1:])


def test_noise_that_nothing_draws_or_that_does_not_fit_is_refused() -> None:
    model, method = tiny(), Parts(start=Noised())
    ask = {"source": "low", "target": "high", "steps": 2}
    with pytest.raises(ConfigurationError, match="given for 'taba', which this method never draws; it drew noised"):
        sk.translate(model, method, images(), **ask, noise={"taba": torch.randn(2, 3, 8, 8)})
    with pytest.raises(ConfigurationError, match=r"'noised' has the shape \(3, 8, 8\), needed is \(2, 3, 8, 8\)"):
        sk.translate(model, method, images(), **ask, noise={"noised": torch.randn(3, 8, 8)})


# --- precision, place, appearance ---


def test_moving_a_model_leaves_it_alone() -> None:
    model = tiny()
    assert isinstance(model.denoiser, NetworkDenoiser)
    before = {name: value.clone() for name, value in model.denoiser.network.state_dict().items()}
    other = model.to("cpu", dtype=torch.bfloat16)
    assert isinstance(other.denoiser, NetworkDenoiser)
    after = model.denoiser.network.state_dict()
    assert all(value.dtype == before[name].dtype and torch.equal(value, before[name]) for name, value in after.items())
    assert {v.dtype for v in other.denoiser.network.state_dict().values() if v.is_floating_point()} == {torch.bfloat16}


def test_a_copy_shares_what_needs_no_conversion() -> None:
    network = Tiny().train()
    same, half = frozen(network), frozen(network, dtype=torch.float16)
    assert same.conv.weight.data_ptr() == network.conv.weight.data_ptr()
    assert half.conv.weight.data_ptr() != network.conv.weight.data_ptr()
    assert network.training
    assert network.conv.weight.requires_grad
    assert not same.training
    assert not same.conv.weight.requires_grad


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_level_keeps_its_label_in_any_precision(dtype: torch.dtype) -> None:
    """981 is no bfloat16: the network would be told another timestep."""
    network = Tiny()
    denoiser = NetworkDenoiser(frozen(network, dtype=dtype), EpsParameterization(), dtype)
    denoiser(torch.randn(1, 3, 8, 8), Level(981.0, 0.1, 0.99), Condition(torch.zeros(1, 3, dtype=dtype), None))
    assert float(denoiser.network.heard[-1]) == 981.0


def test_half_precision_is_the_network_s_alone() -> None:
    ask = {"source": "low", "target": "high", "steps": 4}
    exact, coarse = (
        sk.translate(tiny(dtype=dtype), Parts(), images(), **ask) for dtype in (torch.float32, torch.bfloat16)
    )
    assert coarse.inversion.latent.dtype == torch.float32
    assert coarse.latent.dtype == torch.float32
    relative = (coarse.latent - exact.latent).norm() / exact.latent.norm()
    assert 0 < relative < 0.05  # bfloat16 keeps 8 bits


def test_a_model_is_one_line() -> None:
    model = tiny()
    out = sk.translate(model, Parts(), images(), source="low", target="high", steps=2)
    for told in (repr(model), repr(out), repr(out.inversion), repr(model.denoiser)):
        assert "\n" not in told
        assert len(told) < 500
    assert repr(model) == "<Model 'network': 3x8x8, conditions low, high, on cpu>"


# --- networks of one's own ---


def test_the_network_stays_as_it_is() -> None:
    network = Tiny().train()
    model = sk.from_network(network, process=PROCESS, conditions=("low", "high"), shape=(3, 8, 8))
    sk.translate(model, Parts(), images(), source="low", target="high", steps=2)
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert network.heard == []


def test_classes_and_embeddings_tell_the_same() -> None:
    torch.manual_seed(0)
    network = Tiny()
    rows = {name: network.classes.weight[i : i + 1] for i, name in enumerate(("low", "high"))}
    by_number = sk.from_network(network, process=PROCESS, conditions=("low", "high"), null=2, shape=(3, 8, 8))
    by_row = sk.from_network(
        network, process=PROCESS, conditions=rows, null=network.classes.weight[2:].detach(), shape=(3, 8, 8)
    )
    ask = {"source": "low", "target": "high", "steps": 3, "guidance": 2.0}
    a, b = (sk.translate(model, Parts(), images(), **ask).images for model in (by_number, by_row))
    torch.testing.assert_close(a, b)


def test_an_unconditional_network_has_one_condition() -> None:
    model = sk.from_network(Tiny(), process=PROCESS, shape=(3, 8, 8))
    assert list(model.conditions) == ["any"]
    out = sk.translate(model, Parts(), images(), source="any", target="any", steps=3)
    assert out.images.shape == (2, 3, 8, 8)
    with pytest.raises(ConfigurationError, match="no null class"):
        sk.translate(model, Parts(), images(), source="any", target="any", steps=3, guidance=2.0)


def test_a_diffusers_network_is_one_too() -> None:
    sk.repair_torchvision()
    from diffusers import UNet2DModel

    unet = UNet2DModel(
        sample_size=8,
        block_out_channels=(8, 8),
        norm_num_groups=4,
        num_class_embeds=3,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    )
    model = sk.from_network(unet, process=PROCESS, conditions=("low", "high"), null=2, shape=(3, 8, 8))
    x, level = torch.randn(2, 3, 8, 8), Level(500.0, 0.6, 0.8)
    with torch.no_grad():
        expected = unet(x, 500, torch.tensor([1, 1])).sample
        found = model.denoiser(x, level, model.condition("high")).eps
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"conditions": ()}, "at least one"),
        (
            {"conditions": "low"},
            "conditions must be a list of str or a mapping of str to a torch tensor or None, got 'low'",
        ),
        ({"conditions": {"low": torch.zeros(2, 3)}}, r"condition 'low' must be one row"),
        ({"conditions": {"low": torch.zeros(1, 3), "high": torch.zeros(1, 4)}}, "condition 'high' must be one row"),
        ({"conditions": {"low": torch.zeros(1, 3)}}, "condition 'null' must be one row"),
        ({"process": 3}, "process must be str or a Process, got 3"),
        ({"process": "dimm"}, "unknown parameterization 'dimm'"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, object], told: str) -> None:
    with pytest.raises((ConfigurationError, UnknownNameError), match=told):
        tiny(**options)


def test_another_network_goes_behind_the_same_denoiser() -> None:
    class Louder(nn.Module):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, *inputs: Tensor) -> Tensor:
            return 2 * self.network(*inputs)

    model, x, level = tiny(), torch.randn(1, 3, 8, 8), Level(500.0, 0.6, 0.8)
    louder = model.with_network(Louder)
    found, expected = (m.denoiser(x, level, m.condition("high")).eps for m in (louder, model))
    torch.testing.assert_close(found, 2 * expected)


def test_a_formula_has_no_network_and_no_precision(toys: object) -> None:
    model = sk.load_model("gaussian", dataset=sk.load_dataset("toy"), process="toy")
    for attempt in (lambda: model.with_network(lambda network: network), lambda: model.to(dtype=torch.bfloat16)):
        with pytest.raises(ConfigurationError, match="no network"):
            attempt()


def test_a_model_follows_the_network_as_it_is_trained() -> None:
    network = Tiny()
    model = sk.from_network(network, process=PROCESS, conditions=("low", "high"), shape=(3, 8, 8))
    before = sk.invert(model, Parts(), images(), source="low", steps=2).latent
    network.conv(images()).sum().backward()
    torch.optim.SGD(network.parameters(), lr=0.1).step()
    after = sk.invert(model, Parts(), images(), source="low", steps=2).latent
    assert not torch.equal(before, after)
