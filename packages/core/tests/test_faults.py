"""Whose fault it is: in Python, too, what a part or a network does wrong is told in a sentence that names it."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest
import torch
from torch import Tensor, nn

import spectralkit as sk
from spectralkit.diffusion.batch import unsound
from spectralkit.diffusion.denoiser import Condition
from spectralkit.diffusion.parameterization import EpsParameterization
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import VPSchedule
from spectralkit.errors import ConfigurationError, NonFiniteError, PluginError, SpectralkitError
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import Correction, Encoded, MoveSampler, MoveStep, Parts
from spectralkit.models.model import Model, PixelCodec

PROCESS = Process(VPSchedule(), EpsParameterization())


class Network(nn.Module):
    """Told an embedding of three numbers; does what the name says with its output."""

    def __init__(self, does: str) -> None:
        super().__init__()
        self.does = does
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        if self.does == "detaches its input":
            return self.conv(x.detach())
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.does != "runs without gradients"):
            output: Tensor = self.conv(x + embedding[:, :, None, None])
        if self.does == "NaN in the second sample" and len(x) == 2:
            output[1, 0, 0, 0] = torch.nan
        return output.detach() if self.does == "detaches its output" else output


def network(does: str = "") -> Model:
    torch.manual_seed(0)
    rows = torch.randn(3, 1, 3)
    return sk.from_network(
        Network(does),
        process=PROCESS,
        conditions={"a": rows[0], "b": rows[1]},
        null=rows[2],
        shape=(3, 8, 8),
        name="own",
    )


def translate(parts: Parts, model: Model | None = None) -> sk.Output:
    return sk.translate(
        model or network(), parts, torch.rand(2, 3, 8, 8), source="a", target="b", steps=3, guidance=2.0
    )


def guide(probe, base, here, there):
    """Differentiates in the state, as ovg does."""
    return 0.01 * probe.vjp(x0=probe.prediction.x0)


def learn(probe, base, here, there):
    """Differentiates in the condition, as null-class does."""
    with torch.enable_grad():
        point = probe.condition.embedding.expand(len(base), -1).clone().requires_grad_()
        prediction = probe.context.predict(probe.x, here, Condition(point, None), 1.0)
        return 0 * base + probe.context.gradient(prediction.eps.flatten(1).sum(dim=1), point).mean()


def look(probe, base, here, there):
    """Evaluates elsewhere, as heun and renoise do."""
    return 0.01 * probe.at(base, there).prediction.eps


CUT = ("runs without gradients", "detaches its input", "detaches its output")


@pytest.mark.parametrize("does", CUT)
@pytest.mark.parametrize(("correction", "point"), [(guide, "state"), (learn, "condition")])
def test_a_network_without_gradient_is_refused_where_one_is_needed(
    does: str, correction: Correction, point: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^model 'own' passes no gradient back to its {point}, which"):
        translate(Parts(corrections=(correction,)), network(does))


@pytest.mark.parametrize("correction", [guide, learn])
def test_a_network_with_a_gradient_serves(correction: Correction) -> None:
    assert not torch.equal(translate(Parts(corrections=(correction,))).latent, translate(Parts()).latent)


@pytest.mark.parametrize("does", CUT)
def test_a_network_without_gradient_serves_where_none_is_needed(does: str) -> None:
    assert torch.isfinite(translate(Parts(corrections=(look,)), network(does)).images).all()


@pytest.mark.parametrize("corrections", [(), (guide,), (look,)])
def test_a_network_that_returns_nan_is_named(corrections: tuple[Correction, ...]) -> None:
    with pytest.raises(NonFiniteError, match=r"^model 'own' gives NaN or infinity in sample '1' .* check its weights"):
        translate(Parts(corrections=corrections), network("NaN in the second sample"))


def test_a_prior_sample_of_nan_is_the_models() -> None:
    with pytest.raises(NonFiniteError, match=r"^model 'own' gives NaN or infinity in sample 'prior-1'"):
        sk.generate(network("NaN in the second sample"), "a", 2, steps=2)


def test_a_state_that_runs_away_is_the_methods() -> None:
    away = Parts(corrections=(lambda probe, base, here, there: 1e30 * base,))
    with pytest.raises(NonFiniteError, match=r"produced NaN or infinity .* lower the method's weights"):
        translate(away)


@pytest.mark.parametrize(
    ("values", "row"),
    [
        ((0.0, 0.0, 0.0), None),
        ((3e38, 3e38, 3e38), None),
        ((3e38, 3e38, torch.nan), 2),
        ((0.0, torch.inf, -torch.inf), 1),
        ((), None),
    ],
)
def test_a_sum_that_overflows_hides_no_sample_and_accuses_none(values: tuple[float, ...], row: int | None) -> None:
    column = torch.tensor(values)[:, None]
    assert unsound(torch.zeros_like(column), column) == row


@attrs.frozen
class OddStep(MoveStep):
    def __call__(self, *arguments: object) -> object:  # type: ignore[override]
        return torch.zeros(1)


@attrs.frozen
class OddSampler(MoveSampler):
    def __call__(self, *arguments: object) -> object:  # type: ignore[override]
        return None


ODD: dict[str, Callable[[], Parts]] = {
    "returned None": lambda: Parts(corrections=(lambda *_: None,), name="odd"),  # type: ignore[arg-type,return-value]
    "returned a tensor of shape": lambda: Parts(corrections=(lambda *_: torch.zeros(3),), name="odd"),
    r"expected a pair \(x, state\)": lambda: Parts(step=OddStep(), name="odd"),
    "OddSampler.* returned None": lambda: Parts(sampler=OddSampler(), name="odd"),
    "expected Encoded": lambda: Parts(start=lambda context: Encoded(context.x0, -1), name="odd"),
}


@pytest.mark.parametrize("told", ODD)
def test_a_part_that_breaks_its_contract_is_told_by_its_methods_name(told: str) -> None:
    with pytest.raises(PluginError, match=rf"^method 'odd' breaks its contract: .*{told}[^\n]*$"):
        translate(ODD[told]())
    with pytest.raises(SpectralkitError, match=r"^the method breaks its contract: "):
        translate(attrs.evolve(ODD[told](), name=""))


@attrs.frozen
class OddCodec(PixelCodec):
    encoding: Callable[[Tensor], object] = lambda images: images
    decoding: Callable[[Tensor], object] = lambda x: x

    def encode(self, images: Tensor, noise: Noise) -> Tensor:
        return self.encoding(images)  # type: ignore[return-value]

    def decode(self, x: Tensor) -> Tensor:
        return self.decoding(x)  # type: ignore[return-value]


@pytest.mark.parametrize("direction", ["encoding", "decoding"])
@pytest.mark.parametrize(
    ("does", "told"),
    [
        (lambda x: None, "model 'own' breaks its contract: OddCodec.* returned None, expected a batch of 2"),
        (lambda x: x[0], r"model 'own' breaks its contract: OddCodec.* returned a tensor of shape \(3, 8, 8\)"),
        (
            lambda x: x * torch.tensor([1, torch.nan])[:, None, None, None],
            "the codec of model 'own' makes NaN .* row 1",
        ),
    ],
)
def test_a_codec_at_fault_is_told_by_its_models_name(
    direction: str, does: Callable[[Tensor], object], told: str
) -> None:
    model = attrs.evolve(network(), codec=OddCodec(**{direction: does}))
    with pytest.raises(SpectralkitError, match=f"^{told}"):
        translate(Parts(), model)
    with pytest.raises(SpectralkitError, match=f"^{told}"):
        sk.decode(model, sk.encode(model, torch.rand(2, 3, 8, 8)))


def test_a_denoiser_that_breaks_its_contract_is_told_by_its_models_name() -> None:
    class Broken:
        def __call__(self, *told):
            return None

        def to(self, device=None, dtype=None):
            return self

    broken = attrs.evolve(network(), denoiser=Broken())
    with pytest.raises(PluginError, match=r"^model 'own' breaks its contract: .* returned None, expected a Prediction"):
        translate(Parts(), broken)
