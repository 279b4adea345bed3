r"""Orthogonal Variance Guidance (Bourriez, Verine & Genovesio, "Spectral Collapse in Diffusion Inversion", sec. 5).

At the state x_t, under the source class, one forward gives eps_hat and x0_hat. Two losses pull on x_t:

.. math::
    L_{HF} = (\|\hat\epsilon\|^2 - d)^2, \qquad L_{LF} = \|\hat x_0 - x_{ref}\|^2, \qquad
    x_{ref} = \text{encoded source},

with gradients taken through the network, ``g_HF = 4 (|eps|^2 - d) J_eps^T eps`` and ``g_LF = 2 J_x0^T (x0 - x_ref)``:
two vector-Jacobian products of one graph. Only where they conflict, ``<g_HF, g_LF> < 0``, each is projected onto the
normal plane of the other's raw gradient (PCGrad for two tasks, Yu et al. 2020). The step is
``x_{t+1} = base + u_HF + u_LF``.

After projection ``g_HF'`` is orthogonal to ``g_LF`` and ``g_LF'`` to ``g_HF``; the two corrections are not orthogonal
to each other, ``<g_HF', g_LF'> = -<g_HF, g_LF> (1 - cos^2) > 0``.

The variants differ in how a direction becomes a correction, ``delta = base - x_t``:

* ``reference`` (the authors' release): ``u = -s eta g' dt`` with dt the schedule's interval and the per-sample clip
  ``s = min(1, clip |delta| / |u|)``. With the published eta the clip always binds, so ``clip`` is the real knob.
* ``paper`` (eqs. 11-14): ``u = -eta g'``, without dt or clip. Stable only for tiny eta (the default scales as 1/d).
* ``normalised``: ``u = -eta (|delta| / |g'|) g'``, eta in units of the base step.
"""

from __future__ import annotations

from typing import Literal

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.batch import dimension, inner, norm, squared_norm, unit
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.meter import Meter
from spectralkit.inversion.parts import Parts
from spectralkit.inversion.probe import Probe

Variant = Literal["reference", "paper", "normalised"]

GUARD = 1e-6
"""Added to norms in the authors' release. (Under EDM it is also added to the sigma that eps_hat is divided by, which
changes ``|eps|^2`` by a thousandth at the smallest level; here eps_hat is exact.)"""

DEFAULT_ETA = {"reference": (1e3, 1e-4), "paper": (None, 2e-3), "normalised": (1.0, 0.1)}
"""(eta_hf, eta_lf) per variant; None stands for ``1e-6 * 4096 / d``."""


@attrs.frozen(eq=False)
class Gradients:
    """``g_HF`` and ``g_LF``, (B, C, H, W) each."""

    hf: Tensor
    lf: Tensor


def gradients(probe: Probe, x_ref: Tensor) -> Gradients:
    """Gradients of both losses with respect to ``probe.x``: one forward, two vector-Jacobian products."""
    prediction = probe.prediction
    excess = squared_norm(prediction.eps) - dimension(prediction.eps)
    hf = 4 * excess * probe.vjp(eps=prediction.eps)
    lf = 2 * probe.vjp(x0=prediction.x0 - x_ref)
    return Gradients(hf, lf)


def project(raw: Gradients, guard: float) -> tuple[Gradients, Tensor]:
    """Remove from each gradient its part along the other's raw gradient, where the two conflict.

    Args:
        raw: The gradients.
        guard: Added to both squared norms.

    Returns:
        The projected gradients, and which samples conflicted, (B, 1, 1, 1).
    """
    dot = inner(raw.hf, raw.lf)
    conflict = dot < 0
    tiny = torch.finfo(dot.dtype).tiny
    removed = torch.where(conflict, dot, torch.zeros_like(dot))
    hf = raw.hf - removed / (squared_norm(raw.lf) + guard).clamp_min(tiny) * raw.lf
    lf = raw.lf - removed / (squared_norm(raw.hf) + guard).clamp_min(tiny) * raw.hf
    return Gradients(hf, lf), conflict


@attrs.frozen
class OrthogonalVarianceGuidance:
    """The correction of one inversion step; see the module for the mathematics.

    Args:
        eta_hf: Weight of the energy correction.
        eta_lf: Weight of the structure correction.
        clip: Bound on each correction's norm in units of the base step's (``reference`` only).
        variant: How a direction becomes a correction.
    """

    eta_hf: float | None
    eta_lf: float
    clip: float
    variant: Variant

    def __call__(self, probe: Probe, base: Tensor, here: Level, there: Level) -> Tensor:
        if self.eta_hf == 0 and self.eta_lf == 0:
            return torch.zeros_like(base)
        projected, conflict = project(gradients(probe, probe.context.x0), GUARD if self.variant == "reference" else 0.0)
        meter = probe.context.meter
        meter.record("ovg/conflict", conflict.float())
        delta = norm(base - probe.x)
        eta_hf = 1e-6 * 4096 / dimension(base) if self.eta_hf is None else self.eta_hf
        interval = probe.context.schedule.interval(here, there)
        u_hf = self.correction("hf", projected.hf, eta_hf, delta=delta, interval=interval, meter=meter)
        u_lf = self.correction("lf", projected.lf, self.eta_lf, delta=delta, interval=interval, meter=meter)
        return u_hf + u_lf

    def correction(self, name: str, g: Tensor, eta: float, *, delta: Tensor, interval: float, meter: Meter) -> Tensor:
        """``u`` for one projected gradient; ``delta`` is the norm of the base step, (B, 1, 1, 1)."""
        if self.variant == "normalised":
            return -eta * delta * unit(g)
        if self.variant == "paper":
            return -eta * g
        length = eta * interval * norm(g)  # |u|, without squaring eta, which may be 1e9
        ratio = (length + GUARD) / (delta + GUARD)
        meter.record(f"ovg/ratio-{name}", ratio)
        meter.record(f"ovg/clipped-{name}", (ratio > self.clip).float())
        return -eta * interval * (self.clip / ratio).clamp_max(1.0) * g


def ovg(
    eta_hf: float | None = None, eta_lf: float | None = None, clip: float = 1.0, variant: Variant = "reference"
) -> Parts:
    """Orthogonal Variance Guidance: restore the noise energy in directions that do not hurt the structure.

    Args:
        eta_hf: Weight of the energy correction; None is the variant's default (1e3, or 1e-6 * 4096 / d for ``paper``,
            or 1 base step for ``normalised``).
        eta_lf: Weight of the structure correction; None is the variant's default (1e-4, 2e-3, 0.1).
        clip: Bound on each correction's norm in units of the base step's, > 0; the knob that matters in ``reference``.
        variant: ``reference`` (the authors' release), ``paper`` (the printed equations) or ``normalised``.

    Raises:
        ConfigurationError: If a weight is negative, the clip not positive, or a clip is given to a variant without one.
    """
    if variant not in DEFAULT_ETA:
        raise ConfigurationError(f"variant {variant!r} of ovg is unknown: choose one of {', '.join(DEFAULT_ETA)}")
    for name, value in (("eta_hf", eta_hf), ("eta_lf", eta_lf)):
        if value is not None and not 0 <= value < float("inf"):
            raise ConfigurationError(f"{name} of ovg must be a finite number >= 0, got {value}")
    if not clip > 0:
        raise ConfigurationError(f"clip of ovg must be positive, got {clip}")
    if clip != 1.0 and variant != "reference":
        raise ConfigurationError(f"clip has no meaning in ovg's variant '{variant}': leave it out or use 'reference'")
    default_hf, default_lf = DEFAULT_ETA[variant]
    hf = default_hf if eta_hf is None else eta_hf
    lf = default_lf if eta_lf is None else eta_lf
    assert lf is not None
    return Parts(corrections=(OrthogonalVarianceGuidance(hf, lf, clip, variant),), name="ovg")
