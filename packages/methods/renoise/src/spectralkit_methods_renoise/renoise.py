r"""ReNoise (Garibi et al. 2024): the implicit inversion equation, solved by fixed-point iteration.

The state from which one sampling step leads to x_t solves ``x_{t+1} = A x_t + B eps_hat(x_{t+1}, t+1)`` with
``A = alpha' / alpha`` and ``B = sigma' - A sigma``, primes at the noisier level. From z_0 = x_t and for k = 0 ... K,

.. math::
    e_k = \hat\epsilon(z_k, t+1), \qquad z_{k+1} = A x_t + B\,e_k,

always from x_t. Standard inversion with the label ``next`` is K = 0. The iteration contracts where ``|B|`` times the
Lipschitz constant of eps_hat is below 1; ``ln |z_{k+1} - z_k|`` is recorded as ``renoise/log-residual-k``.

Averaging: where k enters a range [lo, hi), ``x_{t+1} = A x_t + B mean(e_k)`` replaces the last iterate. The authors'
range is [0, 5) below t + 1 = 250, where K is also at most 5, and [8, 10) above; ``always`` is [0, K + 1).
Regularisation (see :mod:`spectralkit_methods_renoise.regularisation`) acts on e_k from k = lo on, and on the mean,
which is taken of the raw e_k; its reference is eps_hat at ``alpha' x_0 + sigma' n``, one n per inversion (the authors'
latent-diffusion pipelines leave the noise out and evaluate it at x_0: ``clean``).

A stochastic sampler ``x_t = alpha x0_hat + sigma_down eps_hat + sigma_up z`` is inverted with its noises z: x_t is
replaced by ``x_t - sigma_up z`` and sigma by sigma_down, and z is corrected
(see :mod:`spectralkit_methods_renoise.correction`).
"""

from __future__ import annotations

from typing import Literal, get_args

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.ancestral import Split, drift, split
from spectralkit.diffusion.batch import norm
from spectralkit.diffusion.prediction import coefficients
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Encoded, Parts, State
from spectralkit.inversion.probe import Probe
from spectralkit_methods_renoise.correction import Form, NoiseCorrection, correct_noise
from spectralkit_methods_renoise.regularisation import Regularisation

Averaging = Literal["reference", "always", "off"]
Reference = Literal["noised", "clean"]

EARLY_LABEL = 250
"""Labels below this are early: their range is [0, 5) and their K at most 5 in the authors' release."""

EARLY = range(5)
"""The averaging range below :data:`EARLY_LABEL`, and how often the network is iterated there at most."""

LATE = range(8, 10)
"""The averaging range from :data:`EARLY_LABEL` on."""


@attrs.frozen
class FixedPointStep:
    """The implicit step.

    Args:
        iterations: K.
        averaging: Which iterates' estimates are averaged.
        regularisation: Of the noise estimates, or None.
        reference: Where the noise estimate is made that they are held against: the source noised, or as it is.
        correction: Of the noises of the stochastic sampler that is inverted, or None for the deterministic one.
    """

    iterations: int
    averaging: Averaging
    regularisation: Regularisation | None
    reference: Reference
    correction: NoiseCorrection | None

    def init(self, encoded: Encoded, context: Context) -> State:
        """What the start hands to sampling, with room for the noises where they are corrected.

        Raises:
            ConfigurationError: If the schedule has no label ``next`` or the maps cannot be regularised.
        """
        if not context.schedule.admits_next_label:
            raise ConfigurationError(
                "renoise tells the network the level that x moves to, but this model's network is preconditioned for "
                "the level x is at: use a variance-preserving model, or edict or bdia"
            )
        if self.regularisation is not None:
            self.regularisation.check(*context.x0.shape[-2:])
        return encoded.memory if self.correction is None else {**(encoded.memory or {}), "noises": {}}

    def __call__(self, probe: Probe, here: Level, there: Level, state: State) -> tuple[Tensor, State]:
        share = self.share(probe, here, there)
        if self.correction is None or share is None:
            return self.solve(probe, here, there, probe.x), state
        z = probe.context.noise.normal(f"renoise/noise/{probe.index + 1}", probe.x)
        x = self.solve(probe, attrs.evolve(here, sigma=share.down), there, probe.x - share.up * z)

        def mean(x: Tensor) -> Tensor:
            return drift(probe.at(x, there).prediction, here, share.down)

        z = correct_noise(probe.x, x, mean, share.up, z, form=self.correction.form)
        return x, {**state, "noises": {**state["noises"], probe.index + 1: z}}

    def share(self, probe: Probe, here: Level, there: Level) -> Split | None:
        """How the sampler's noise is made up, or None where it renews nothing: always on its way to the clean level."""
        if self.correction is None or probe.index == 0:
            return None
        share = split(there, here, self.correction.eta)
        return share if share.up > 0 else None

    def solve(self, probe: Probe, here: Level, there: Level, x: Tensor) -> Tensor:
        """The fixed point ``A x + B eps_hat``, (B, C, H, W), with the sigma of ``here`` in B."""
        A, B = coefficients(here, there)
        early = there.label < EARLY_LABEL
        last = min(self.iterations, len(EARLY)) if early else self.iterations
        window = range(last + 1) if self.averaging == "always" else EARLY if early else LATE
        first = min(window.start, 1) if self.averaging == "off" else window.start  # the first k that is regularised
        reference = self.estimate(probe, there) if last >= first else None
        told = attrs.evolve(probe.level, label=there.label)
        point, raw = probe if told == probe.level else probe.at(probe.x, told), []
        for k in range(last + 1):
            e = point.prediction.eps
            if self.averaging != "off" and k in window:
                raw.append(e)
            z = A * x + B * (self.regularise(e, reference, probe, k) if k >= first else e)
            residual = norm(z - point.x).clamp_min(torch.finfo(z.dtype).tiny).log()
            probe.context.meter.record(f"renoise/log-residual-{k}", residual)
            point = probe.at(z, there)
        if raw:
            return A * x + B * self.regularise(torch.stack(raw).mean(0), reference, probe, "mean")
        return point.x

    def estimate(self, probe: Probe, level: Level) -> Tensor | None:
        """``eps_hat`` at the source, noised or as it is: what is held to be the noise of this level."""
        if self.regularisation is None:
            return None
        context = probe.context
        x = context.noised(level, "renoise") if self.reference == "noised" else context.x0
        return probe.at(x, level).prediction.eps

    def regularise(self, e: Tensor, reference: Tensor | None, probe: Probe, key: int | str) -> Tensor:
        """``e``, regularised where there is something to hold it against."""
        if self.regularisation is None or reference is None:
            return e
        return self.regularisation(e, reference, probe.context.noise, f"renoise/{probe.index}/{key}")


def renoise(
    iterations: int = 1,
    *,
    averaging: Averaging = "reference",
    lambda_kl: float = 0.065,
    lambda_ac: float = 20.0,
    rounds: int = 4,
    rolls: int = 5,
    reference: Reference = "noised",
    allow_zero: bool = False,
    correction: Literal["none", "exact", "nudge"] = "none",
    eta: float | None = None,
) -> Parts:
    """Solve the implicit inversion equation by fixed-point iteration.

    The defaults are the authors' example for a latent diffusion model with a deterministic sampler; for few-step models
    they use 9 iterations. With 0 iterations nothing is averaged or regularised: standard inversion, label ``next``.

    Args:
        iterations: K, >= 0; at most 5 are taken below label 250.
        averaging: ``reference`` (k in [0, 5) below label 250, [8, 10) above), ``always`` (every k) or ``off``.
        lambda_kl: Step size towards the patch statistics of the reference, >= 0.
        lambda_ac: Step size against autocorrelation, >= 0.
        rounds: Rounds of regularisation, >= 0; 0 is none.
        rolls: Random shifts per round, >= 1.
        reference: Where the estimate that regularisation aims at is made: at the ``noised`` source, or at the ``clean``
            one, as the authors' latent-diffusion pipelines do.
        allow_zero: Whether a shift may be 0, as in the authors' release; it then penalises variance.
        correction: Invert a stochastic sampler (``renoise(correction='nudge') + ancestral``) and correct its noises:
            ``exact`` reproduces the climb, ``nudge`` keeps closer to noise; ``none`` inverts the deterministic sampler.
            A correction added to the step (OVG) moves the state after its noise was found.
        eta: Share of the noise that the stochastic sampler renews, in (0, 1], the same as the sampler's; default 1.

    Raises:
        ConfigurationError: If a value is out of range, or ``eta`` is given without a correction.
    """
    for name, value, least in (("iterations", iterations, 0), ("rounds", rounds, 0), ("rolls", rolls, 1)):
        if value < least:
            raise ConfigurationError(f"{name} of renoise must be at least {least}, got {value}")
    for name, weight in (("lambda_kl", lambda_kl), ("lambda_ac", lambda_ac)):
        if not 0 <= weight < float("inf"):
            raise ConfigurationError(f"{name} of renoise must be a finite number >= 0, got {weight}")
    if averaging not in get_args(Averaging):
        raise ConfigurationError(
            f"averaging of renoise must be one of {', '.join(get_args(Averaging))}, got {averaging!r}"
        )
    if reference not in get_args(Reference):
        raise ConfigurationError(
            f"reference of renoise must be one of {', '.join(get_args(Reference))}, got {reference!r}"
        )
    if correction != "none" and correction not in get_args(Form):
        raise ConfigurationError(f"correction of renoise must be one of none, exact, nudge, got {correction!r}")
    if eta is not None and correction == "none":
        raise ConfigurationError(
            "eta of renoise needs a stochastic sampler to invert: set correction='exact' or 'nudge'"
        )
    if eta is not None and not 0 < eta <= 1:
        raise ConfigurationError(f"eta of renoise must lie in (0, 1], got {eta}")
    acts = iterations > 0 and rounds > 0 and (lambda_kl > 0 or lambda_ac > 0)
    regularisation = Regularisation(lambda_kl, lambda_ac, rounds, rolls, allow_zero) if acts else None
    noise = None if correction == "none" else NoiseCorrection(1.0 if eta is None else eta, correction)
    return Parts(step=FixedPointStep(iterations, averaging, regularisation, reference, noise), name="renoise")
