"""Laws of inversion methods, on small random networks in float64."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Self

import attrs
import torch
from torch import Tensor, nn

from spectralkit.diffusion.denoiser import Condition, Denoiser, NetworkDenoiser
from spectralkit.diffusion.flow import FlowSchedule
from spectralkit.diffusion.parameterization import (
    EDMParameterization,
    EpsParameterization,
    FlowParameterization,
    Parameterization,
)
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.schedule import KarrasSchedule, Level, Schedule, VPSchedule
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import Transition, Translation, complete, invert, translate
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import Correction, Parts
from spectralkit.inversion.probe import Probe
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MethodSpec
from spectralkit.testing.law import Kit, Law, demand, demand_close, demand_finite, demand_refusal, law
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch, subset

STEPS, BATCH = 6, 3


@attrs.frozen
class Setting:
    """A kind of model with a guidance weight; a method may refuse some of them.

    Args:
        name: For messages.
        schedule: Without entry noise, so that only the method can be random.
        parameterization: Of the random network.
        guidance: Weight in both directions.
    """

    name: str
    schedule: Schedule
    parameterization: Parameterization
    guidance: float

    def problem(self, parts: Parts, seed: int, target: int = 1) -> Context:
        """Translating :data:`BATCH` images, whose spectra are sparse and slightly perturbed, into class ``target``."""
        denoiser = random_denoiser(seed % 1000, self.parameterization)
        smooth = source_batch(random_gaussian(seed), 0, BATCH, seed).mean(dim=(-2, -1), keepdim=True)
        generator = torch.Generator().manual_seed(seed)
        # Round-off must not be the only thing in the empty band: methods that divide by norms amplify it.
        x0 = smooth + 0.05 * torch.randn(BATCH, 3, 8, 8, generator=generator, dtype=torch.float64)
        return context_for(
            denoiser,
            x0,
            STEPS,
            parts=parts,
            schedule=self.schedule,
            target=target,
            inversion_guidance=self.guidance,
            sampling_guidance=self.guidance,
            seed=seed,
        )


VP, EDM, FLOW = VPSchedule(), KarrasSchedule(start_noise=0.0), FlowSchedule()
SETTINGS = (
    Setting("variance preserving", VP, EpsParameterization(), 1.0),
    Setting("variance preserving, guided", VP, EpsParameterization(), 2.0),
    Setting("EDM", EDM, EDMParameterization(), 1.0),
    Setting("EDM, guided", EDM, EDMParameterization(), 2.0),
    Setting("flow", FLOW, FlowParameterization(), 1.0),
    Setting("flow, guided", FLOW, FlowParameterization(), 2.0),
)


@attrs.frozen(eq=False)
class Subject:
    """A method and the settings it accepts."""

    spec: MethodSpec
    parts: Parts
    settings: tuple[Setting, ...]


def prepare(spec: MethodSpec, parameters: dict[str, Any]) -> Subject:
    """Build the method and find out which settings it refuses as impossible."""
    parts = registry().build("method", spec.name, **parameters)
    assert isinstance(parts, Parts)
    return Subject(spec, parts, tuple(setting for setting in SETTINGS if _accepts(parts, setting)))


def _accepts(parts: Parts, setting: Setting) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            translate(parts, setting.problem(parts, 0))
        except ConfigurationError:
            return False
        except Exception:
            return True  # the laws will say what is wrong
    return True


def _each(check: Callable[[Subject, Setting, int], None]) -> Callable[[Subject, int], None]:
    """A law that holds in every accepted setting."""

    def holds(subject: Subject, seed: int) -> None:
        for setting in subject.settings:
            check(subject, setting, seed)

    holds.__name__, holds.__doc__ = check.__name__, check.__doc__
    return holds


@law(examples=1)
def is_applicable(subject: Subject, seed: int) -> None:
    """At least one kind of model with or without guidance is accepted."""
    demand(bool(subject.settings), f"every one of {', '.join(setting.name for setting in SETTINGS)} is refused")


@law(examples=1)
def composes_with_the_unit(subject: Subject, seed: int) -> None:
    """Parts() + method == method == method + Parts()."""
    demand(Parts() + subject.parts == subject.parts, "Parts() + method is another method")
    demand(subject.parts + Parts() == subject.parts, "method + Parts() is another method")


@law()
@_each
def gives_a_finite_image(subject: Subject, setting: Setting, seed: int) -> None:
    """Image and latent are finite, of the source's shape and precision, and carry no gradient."""
    context = setting.problem(subject.parts, seed)
    outcome = translate(subject.parts, context)
    for name, x in (("image", outcome.x), ("latent", outcome.inversion.latent)):
        demand(x.shape == context.x0.shape, f"{name} is {tuple(x.shape)}, source {tuple(context.x0.shape)}")
        demand(x.dtype == context.x0.dtype, f"{name} is {x.dtype}, source {context.x0.dtype}")
        demand(not x.requires_grad, f"{name} requires a gradient")
        demand_finite(x, f"{setting.name}: {name}")
    index = outcome.inversion.index
    demand(index == context.top, f"{setting.name}: the inversion ends at level {index}, not {context.top}")


@law(examples=1)
@_each
def is_reproducible(subject: Subject, setting: Setting, seed: int) -> None:
    """The same seed gives the same image, bit by bit, whatever the global generator."""
    first = translate(subject.parts, setting.problem(subject.parts, seed))
    torch.randn(1)
    again = translate(subject.parts, setting.problem(subject.parts, seed))
    demand(torch.equal(first.x, again.x), f"{setting.name}: two runs with one seed differ")


@law(examples=1)
@_each
def does_not_depend_on_the_seed(subject: Subject, setting: Setting, seed: int) -> None:
    """Declared deterministic: another seed gives the same image, bit by bit."""
    first, other = _two_seeds(subject, setting, seed)
    demand(torch.equal(first.x, other.x), f"{setting.name}: the image changes with the seed; declare stochastic=True")


@law(examples=1)
def depends_on_the_seed(subject: Subject, seed: int) -> None:
    """Declared stochastic: another seed gives another image in some setting."""
    pairs = [_two_seeds(subject, setting, seed) for setting in subject.settings]
    demand(any(not torch.equal(a.x, b.x) for a, b in pairs), "no image changes with the seed; declare stochastic=False")


def _two_seeds(subject: Subject, setting: Setting, seed: int) -> tuple[Translation, Translation]:
    context = setting.problem(subject.parts, seed)
    other = attrs.evolve(subset(context, range(BATCH)), noise=Noise(seed + 1, context.noise.ids))
    return translate(subject.parts, context), translate(subject.parts, other)


@law()
@_each
def is_independent_of_the_batch(subject: Subject, setting: Setting, seed: int) -> None:
    """A sample's image is the same alone, in another order, and in another batch."""
    context = setting.problem(subject.parts, seed)
    whole = translate(subject.parts, context).x
    for rows in ([BATCH - 1], [1, 0]):
        some = translate(subject.parts, subset(context, rows)).x
        demand_close(some, whole[rows], f"{setting.name}: samples {rows} of {BATCH}, on their own and together")


@law(examples=1)
@_each
def carries_its_state(subject: Subject, setting: Setting, seed: int) -> None:
    """Two inversions, then the two samplings, give what two translations give: nothing is hidden on shared objects."""
    wholes = [translate(subject.parts, setting.problem(subject.parts, seed + i)).x for i in range(2)]
    contexts = [setting.problem(subject.parts, seed + i) for i in range(2)]
    inversions = [invert(subject.parts, context) for context in contexts]
    for whole, inversion, context in zip(wholes, inversions, contexts, strict=True):
        halves = complete(subject.parts, inversion, context).x
        demand(torch.equal(halves, whole), f"{setting.name}: inverted, then sampled, the image is another")


@law(examples=1)
@_each
def leaves_the_source_alone(subject: Subject, setting: Setting, seed: int) -> None:
    """The encoded source is not written to."""
    context = setting.problem(subject.parts, seed)
    before = context.x0.clone()
    translate(subject.parts, context)
    demand(torch.equal(context.x0, before), f"{setting.name}: the source changed")


@law(examples=1)
@_each
def leaves_what_it_is_given_alone(subject: Subject, setting: Setting, seed: int) -> None:
    """No state, prediction or base step that a part of the method is handed is written to."""
    parts, kept = subject.parts, Kept()
    context = setting.problem(parts, seed)
    watched = attrs.evolve(context, denoiser=KeepingDenoiser(context.denoiser, kept))
    corrections = tuple(KeepingCorrection(correction, kept) for correction in parts.corrections)
    translate(attrs.evolve(parts, corrections=corrections), watched, keep_trajectory=True, callback=kept.take)
    for told in kept.changed():
        demand(False, f"{setting.name}: {told} was written to; compute a new tensor")


@law(examples=1)
@_each
def keeps_its_precision(subject: Subject, setting: Setting, seed: int) -> None:
    """A state of float32 stays one at every level, unless the method is declared double."""
    context, dtypes = setting.problem(subject.parts, seed), set[torch.dtype]()
    given = subject.parts.dtype
    single = attrs.evolve(context, x0=context.x0.to(given))
    translate(subject.parts, single, callback=lambda transition: dtypes.add(transition.x.dtype))
    for other in dtypes - {given}:
        demand(False, f"{setting.name}: the state is {given} and becomes {other}; make tensors in the state's dtype")


@law(examples=1)
@_each
def depends_on_the_target(subject: Subject, setting: Setting, seed: int) -> None:
    """Another target class gives another image."""
    a, b = (translate(subject.parts, setting.problem(subject.parts, seed, target)).x for target in (0, 1))
    demand(not torch.allclose(a, b), f"{setting.name}: the target class has no influence")


@law(examples=1)
@_each
def refuses_another_target(subject: Subject, setting: Setting, seed: int) -> None:
    """Declared trained: a target that it was not trained for is refused, with a ConfigurationError."""
    context = setting.problem(subject.parts, seed, target=0)
    demand_refusal(ConfigurationError, lambda: translate(subject.parts, context), f"{setting.name}: source as target")


@law(examples=1)
@_each
def returns_the_source(subject: Subject, setting: Setting, seed: int) -> None:
    """Declared invertible: under the source condition, sampling returns the source to round-off."""
    context = setting.problem(subject.parts, seed, target=0)
    demand_close(translate(subject.parts, context).x, context.x0, f"{setting.name}: source and round trip")


@law(examples=1)
@_each
def counts_its_cost(subject: Subject, setting: Setting, seed: int) -> None:
    """The meter says how many rows went through the network, forwards and backwards, and that some did."""
    context = setting.problem(subject.parts, seed)
    assert isinstance(context.denoiser, NetworkDenoiser)
    network = CountingNetwork(context.denoiser.network)
    counted = attrs.evolve(context, denoiser=attrs.evolve(context.denoiser, network=network))
    translate(subject.parts, counted)
    meter = counted.meter
    demand(network.forwards > 0, f"{setting.name}: the network was never evaluated")
    for name, found, said in (
        ("forward", network.forwards, meter.forward_rows),
        ("backward", network.backwards, meter.backward_rows),
    ):
        demand(found == said, f"{setting.name}: {found} {name} rows were evaluated, {said} were counted")


@law(examples=1)
@_each
def explains_its_diagnostics(subject: Subject, setting: Setting, seed: int) -> None:
    """Whatever it records has a meaning in its spec."""
    for recorded in translate(subject.parts, setting.problem(subject.parts, seed)).meter.records:
        demand(subject.spec.meaning(recorded) != "", f"{recorded!r} is recorded, but not among the spec's diagnostics")


@law(examples=1)
@_each
def ignores_a_zero_correction(subject: Subject, setting: Setting, seed: int) -> None:
    """A correction of weight zero changes nothing."""
    guided = subject.parts + Parts(corrections=(_nothing,))
    plain = translate(subject.parts, setting.problem(subject.parts, seed)).x
    demand_close(translate(guided, setting.problem(guided, seed)).x, plain, f"{setting.name}: with and without it")


def _nothing(probe: Probe, base: Tensor, here: Level, there: Level) -> Tensor:
    return torch.zeros_like(base)


@attrs.frozen(eq=False)
class Kept:
    """Tensors that somebody was handed, beside copies of what they were."""

    pairs: list[tuple[str, Tensor, Tensor]] = attrs.field(factory=list)

    def keep(self, told: str, values: Tensor) -> None:
        """Remember what ``values`` are now."""
        self.pairs.append((told, values, values.detach().clone()))

    def take(self, transition: Transition) -> None:
        """Remember the state that was reached."""
        self.keep(f"a state of the {transition.stage}", transition.x)

    def changed(self) -> list[str]:
        """Of those that are something else by now, what they were called."""
        return [told for told, values, before in self.pairs if not torch.equal(values.detach(), before)]


@attrs.frozen(eq=False)
class KeepingDenoiser:
    """A denoiser whose predictions are kept."""

    denoiser: Denoiser
    kept: Kept

    def __call__(self, x: Tensor, level: Level, condition: Condition, guidance: float = 1.0) -> Prediction:
        """The prediction, as it is."""
        prediction = self.denoiser(x, level, condition, guidance)
        self.kept.keep("a predicted x0", prediction.x0)
        self.kept.keep("a predicted eps", prediction.eps)
        return prediction

    def to(self, device: torch.device | None = None, dtype: torch.dtype | None = None) -> Self:
        """The same: a problem of the laws stays where it is."""
        return self


@attrs.frozen(eq=False)
class KeepingCorrection:
    """A correction whose base steps are kept."""

    correction: Correction
    kept: Kept

    def __call__(self, probe: Probe, base: Tensor, here: Level, there: Level) -> Tensor:
        """What the correction adds."""
        self.kept.keep("the base step", base)
        return self.correction(probe, base, here, there)


class CountingNetwork(nn.Module):
    """A network that counts the rows passing through it in either direction."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.forwards = self.backwards = 0

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        """(B, C, H, W), (B,), (B, K) -> (B, C, H, W)."""
        self.forwards += x.shape[0]
        output: Tensor = self.network(x, label, embedding)
        if output.requires_grad:
            output.register_hook(self._count)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return output

    def _count(self, gradient: Tensor) -> None:
        self.backwards += gradient.shape[0]


def laws(spec: MethodSpec) -> tuple[Law[Subject], ...]:
    """What a method of these capabilities obeys."""
    return (
        is_applicable,
        composes_with_the_unit,
        gives_a_finite_image,
        is_reproducible,
        depends_on_the_seed if spec.stochastic else does_not_depend_on_the_seed,
        is_independent_of_the_batch,
        carries_its_state,
        leaves_the_source_alone,
        leaves_what_it_is_given_alone,
        keeps_its_precision,
        refuses_another_target if spec.trained else depends_on_the_target,
        *((returns_the_source,) if spec.invertible else ()),
        counts_its_cost,
        explains_its_diagnostics,
        ignores_a_zero_correction,
    )


KIT = Kit(prepare, laws)
