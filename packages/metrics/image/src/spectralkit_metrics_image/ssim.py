r"""Structural similarity, at one scale and at five.

SSIM compares local means, variances and the covariance under an 11 x 11 Gaussian window of sd 1.5:

.. math:: \mathrm{SSIM} = l c, \qquad l = \frac{2 \mu_x \mu_y + C_1}{\mu_x^2 + \mu_y^2 + C_1}, \qquad
          c = \frac{2 \sigma_{xy} + C_2}{\sigma_x^2 + \sigma_y^2 + C_2}, \qquad C_1 = 0.01^2,\; C_2 = 0.03^2

per channel at data range 1, averaged over channels and pixels (borders by reflection). MS-SSIM multiplies the mean
contrast :math:`c` of the image at 1, 1/2, 1/4, 1/8 (windows inside the frame) and the mean SSIM at 1/16 of its size,
raised to the weights 0.0448, 0.2856, 0.3001, 0.2363, 0.1333; negative factors count as zero.

Variances are means of squares less squares of means: in float32 that costs a flat image four digits, so all of this is
float64. The window is separable, and each factor a sum of eleven shifted views, a few planes at a time: what stays in
the processor's cache is added up faster than any convolution.

Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 13 (2004); Wang, Simoncelli and Bovik, Asilomar (2003).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from spectralkit.metric import MeanScore
from spectralkit_metrics_image.mask import Mask, check_mask, pixel_weights
from spectralkit_metrics_image.pair import checked_pair

REACH, DEVIATION = 5, 1.5
SSIM_SIDE = 2 * REACH + 1  # one window
C1, C2 = 0.01**2, 0.03**2
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
MS_SSIM_SIDE = SSIM_SIDE * 2 ** (len(WEIGHTS) - 1)  # one window at the coarsest scale

CHUNK = 2**16
"""Pixels worked on at once."""


@cache
def window() -> tuple[float, ...]:
    """One factor of the Gaussian window; it sums to 1."""
    offsets = torch.arange(-REACH, REACH + 1, dtype=torch.float64)
    return tuple(torch.softmax(-0.5 * (offsets / DEVIATION).square(), dim=0).tolist())


def window_means(planes: Tensor) -> Tensor:
    """Mean under the window around every pixel, the frame mirrored at its border: (P, H, W) -> (P, H, W)."""
    planes = pad(planes, (REACH,) * 4, mode="reflect")
    return _along(_along(planes, -2), -1)


def _along(planes: Tensor, dim: int) -> Tensor:
    """One factor of the window, inside the frame only."""
    weights, count = window(), planes.shape[dim] - 2 * REACH
    total = planes.narrow(dim, REACH, count) * weights[REACH]
    for i, weight in enumerate(weights):
        if i != REACH:
            total.add_(planes.narrow(dim, i, count), alpha=weight)
    return total


def luminance_and_contrast(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The maps l and c, whose product is SSIM, of planes (P, H, W) in float64: twice (P, H, W)."""
    means = window_means(torch.cat((x, y, x * x + y * y, x * y)))
    mean_x, mean_y, squares, product = means.chunk(4)  # of the variances, the sum alone is needed
    squared_means, mean_product = mean_x.square().add_(mean_y.square()), mean_x * mean_y
    luminance = (2 * mean_product).add_(C1).div_(squared_means + C1)
    contrast = product.sub_(mean_product).mul_(2).add_(C2).div_(squares.sub_(squared_means).add_(C2))
    return luminance, contrast


def structural_similarity(x: Tensor, y: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean over channels and pixels of the SSIM map at data range 1, whatever the values' range.

    Args:
        x: (B, C, H, W), sides of at least 11.
        y: (B, C, H, W).
        weights: Of the pixels, (B, 1, H, W); all alike by default.

    Returns:
        (B,), float64, in [-1, 1].
    """
    batches = (x, y) if weights is None else (x, y, weights.expand_as(x))
    return torch.cat([_similarity(*planes) for planes in _few_planes(*batches)]).view(x.shape[:2]).mean(1)


def _few_planes(*batches: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Images (B, C, H, W) as planes (P, H, W) in float64, as many at a time as :data:`CHUNK` allows."""
    count = max(1, CHUNK // batches[0][0, 0].numel())
    yield from (
        tuple(part.double() for part in parts)
        for parts in zip(*(torch.split(batch.flatten(0, 1), count) for batch in batches), strict=True)
    )


def _similarity(x: Tensor, y: Tensor, weights: Tensor | None = None) -> Tensor:
    """The mean of each plane, (P,)."""
    luminance, contrast = luminance_and_contrast(x, y)
    similarity = luminance.mul_(contrast)
    if weights is None:
        return similarity.mean((1, 2))
    return similarity.mul_(weights).sum((1, 2)) / weights.sum((1, 2))


def _factors(x: Tensor, y: Tensor) -> Tensor:
    """What MS-SSIM multiplies, plane by plane: (5, P)."""
    inside, factors = (..., slice(REACH, -REACH), slice(REACH, -REACH)), []
    for _ in WEIGHTS[1:]:
        _, contrast = luminance_and_contrast(x, y)
        factors.append(contrast[inside].mean((1, 2)))
        x, y = avg_pool2d(x, 2), avg_pool2d(y, 2)
    return torch.stack((*factors, _similarity(x, y)))


def ssim_values(generated: Tensor, reference: Tensor, mask: Mask = "none") -> Tensor:
    """SSIM of each image.

    Args:
        generated: (B, C, H, W) in [0, 1], sides of at least 11.
        reference: (B, C, H, W) in [0, 1].
        mask: Which pixels of the SSIM map are averaged; the windows around them see every pixel.

    Returns:
        (B,), float64, in [-1, 1].

    Raises:
        DataError: On inputs too small, of different shape or outside [0, 1].
        NonFiniteError: On NaN or infinity.
    """
    generated, reference = checked_pair("ssim", generated, reference, SSIM_SIDE)
    weights = None if mask == "none" else pixel_weights(reference, mask)
    return structural_similarity(generated, reference, weights)


def ms_ssim_values(generated: Tensor, reference: Tensor) -> Tensor:
    """MS-SSIM of each image.

    Args:
        generated: (B, C, H, W) in [0, 1], sides of at least 176.
        reference: (B, C, H, W) in [0, 1].

    Returns:
        (B,), float64, in [0, 1].

    Raises:
        DataError: On inputs too small, of different shape or outside [0, 1].
        NonFiniteError: On NaN or infinity.
    """
    generated, reference = checked_pair("ms-ssim", generated, reference, MS_SSIM_SIDE)
    planes = torch.cat([_factors(*planes) for planes in _few_planes(generated, reference)], 1)
    factors = planes.view(len(WEIGHTS), *generated.shape[:2]).mean(2)  # channels first, scales then
    return factors.clamp(min=0).pow(factors.new_tensor(WEIGHTS)[:, None]).prod(0)


class SSIM(MeanScore):
    """Mean over images of the structural similarity.

    Args:
        mask: ``foreground`` averages the SSIM map over the non-white pixels (luma below 0.95) of the reference only.

    Raises:
        ConfigurationError: On an unknown mask.
    """

    higher_is_better = True

    def __init__(self, mask: Mask = "none") -> None:
        super().__init__()
        check_mask(mask)
        self.mask = mask

    def score(self, generated: Tensor, reference: Tensor) -> Tensor:
        """SSIM of each image, (B,)."""
        return ssim_values(generated, reference, self.mask)


class MultiScaleSSIM(MeanScore):
    """Mean over images of the multi-scale structural similarity; images need sides of at least 176 pixels."""

    higher_is_better = True

    def score(self, generated: Tensor, reference: Tensor) -> Tensor:
        """MS-SSIM of each image, (B,)."""
        return ms_ssim_values(generated, reference)
