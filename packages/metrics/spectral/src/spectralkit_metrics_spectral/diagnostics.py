r"""Where on the way, and at which frequencies, does an inversion lose its energy?

Functions of latents and of the states ``x_0, ..., x_N`` an inversion passes (figs. 1, 3 and 17 of "Spectral Collapse in
Diffusion Inversion"); the power spectrum itself is in :mod:`spectralkit_metrics_spectral.spectrum`.

* Explained variance: the eigenvalues of the latents' covariance, cumulated. N latents of d values have rank at most
  ``N - 1``, so that the curve of white noise is itself not straight: it is always given beside a Gaussian sample of the
  same N and d.
* Spectral velocity: ``log10`` of the radially averaged ``|FFT2(mean over channels of x_{i+1} - x_i)|``. Where the noise
  level grows, as in EDM, so does the velocity; ``variance_normalised`` states ``x / sqrt(alpha^2 + sigma^2)`` take that
  out.
* Band energies: the mean square of a state split over rings of frequency; the bands add up to the whole (Parseval).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.metric import check_latent
from spectralkit_metrics_spectral.spectrum import radial_mean, radius

MAGNITUDE_FLOOR = 1e-12
OCTAVES = (0.03, 0.0625, 0.125, 0.25)


@attrs.frozen(eq=False)
class ExplainedVariance:
    """Cumulative share of the variance on the first components, both (min(N, d),), rising to 1.

    Args:
        latents: Of the latents.
        gaussian: Of as many white Gaussian vectors of the same length.
    """

    latents: Tensor
    gaussian: Tensor


def explained_variance(latents: Tensor, seed: int = 42) -> ExplainedVariance:
    """Cumulative explained variance of latents beside white noise of the same N and d.

    Args:
        latents: (N, C, H, W), N at least 2, not all equal.
        seed: Of the Gaussian reference.

    Raises:
        DataError: If there are fewer than two latents, or they do not vary.
        NonFiniteError: On NaN or infinity.
    """
    check_latent("explained variance", latents)
    rows = latents.flatten(1).double()
    if len(rows) < 2:
        raise DataError("explained variance needs at least two latents: one has no variance to explain")
    generator = torch.Generator().manual_seed(seed)
    reference = torch.randn(rows.shape, generator=generator, dtype=torch.float64).to(rows.device)
    return ExplainedVariance(cumulated_variance(rows), cumulated_variance(reference))


def cumulated_variance(rows: Tensor) -> Tensor:
    """Cumulative share of the variance of N vectors on their first components: (N, d) -> (min(N, d),).

    Raises:
        DataError: If they are all equal.
    """
    centred = rows - rows.mean(dim=0)
    # Rows and columns have the same non-zero spectrum: take the smaller of the two Gram matrices.
    gram = centred @ centred.mT if len(rows) <= rows.shape[1] else centred.mT @ centred
    variances = torch.linalg.eigvalsh(gram).flip(0).clamp_min(0)
    if variances[0] == 0:
        raise DataError("explained variance: the latents are all equal, there is no variance to explain")
    cumulated: Tensor = variances.cumsum(0) / variances.sum()
    return cumulated


def variance_normalised(states: Sequence[Tensor], levels: Sequence[Level]) -> tuple[Tensor, ...]:
    """Every state over ``sqrt(alpha^2 + sigma^2)``, the scale of unit-variance data at its level.

    Args:
        states: (B, C, H, W) each.
        levels: As many.

    Raises:
        ConfigurationError: If the numbers differ.
    """
    if len(states) != len(levels):
        raise ConfigurationError(f"{len(states)} states need as many levels, got {len(levels)}")
    return tuple(x / (level.alpha**2 + level.sigma**2) ** 0.5 for x, level in zip(states, levels, strict=True))


def velocity_map(states: Sequence[Tensor]) -> Tensor:
    """Log magnitude of the updates, frequency by step.

    Args:
        states: N + 1 states of a trajectory, (B, C, H, W) each.

    Returns:
        (B, min(H, W) // 2 + 1, N): ``log10`` of the radially averaged ``|FFT2|`` (not normalised) of the channel mean
        of each update; row r is the frequency ``r / min(H, W)`` cycles per pixel.

    Raises:
        DataError: If there are fewer than two states or their shapes differ.
        NonFiniteError: On NaN or infinity.
    """
    _check_states(states, at_least=2)
    updates = torch.stack([(b.double() - a.double()).mean(dim=1) for a, b in itertools.pairwise(states)], 1)
    return (radial_mean(torch.fft.fft2(updates).abs()) + MAGNITUDE_FLOOR).log10().mT


def band_energies(states: Sequence[Tensor], edges: Sequence[float] = OCTAVES) -> Tensor:
    """Mean square of every state, split over bands of radial frequency.

    Args:
        states: States of a trajectory, (B, C, H, W) each.
        edges: Ascending bounds in cycles per pixel; band i holds the frequencies in ``[edges[i - 1], edges[i])``, the
            first begins at 0, the last has no end.

    Returns:
        (N + 1, B, len(edges) + 1); the sum over bands is the mean of ``x^2`` over channels and pixels.

    Raises:
        ConfigurationError: If ``edges`` do not ascend.
        DataError: If there is no state or shapes differ.
        NonFiniteError: On NaN or infinity.
    """
    if any(a >= b for a, b in zip((0.0, *edges), edges, strict=False)):
        raise ConfigurationError(f"edges must be positive and ascend, got {tuple(edges)}")
    _check_states(states, at_least=1)
    height, width = states[0].shape[-2:]
    band = torch.bucketize(radius(height, width), torch.tensor(edges, dtype=torch.float64), right=True)
    member = torch.nn.functional.one_hot(band.flatten(), len(edges) + 1).double().to(states[0].device)
    power = [torch.fft.fft2(x.double()).abs().square().mean(dim=1).flatten(1) for x in states]
    return torch.stack([p @ member for p in power]) / (height * width) ** 2


def _check_states(states: Sequence[Tensor], at_least: int) -> None:
    if len(states) < at_least:
        raise DataError(f"a trajectory of {len(states)} states is too short: at least {at_least} are needed")
    for x in states:
        check_latent("trajectory", x)
        if x.shape != states[0].shape:
            raise DataError(
                f"the states of a trajectory differ in shape, {tuple(states[0].shape)} and {tuple(x.shape)}"
            )
