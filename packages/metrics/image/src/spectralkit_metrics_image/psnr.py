r"""Peak signal-to-noise ratio.

.. math:: \mathrm{PSNR} = -10 \log_{10} \mathrm{MSE}

in decibels, for images in [0, 1] (peak 1). Two averages are in use and differ: the mean over images of each image's
PSNR (the default here), and the PSNR of the error pooled over all pixels of all images, which by Jensen's inequality is
never larger. Identical images score infinity.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit.metric import MeanScore, Score
from spectralkit_metrics_image.mask import Mask, check_mask, pixel_weights, weighted_mean
from spectralkit_metrics_image.pair import checked_pair


def decibels(mse: Tensor) -> Tensor:
    """PSNR of mean squared errors at peak 1; infinite at zero error."""
    return -10.0 * torch.log10(mse)


def squared_error(generated: Tensor, reference: Tensor) -> Tensor:
    """Squared difference in float64, of the inputs' shape."""
    return (generated.double() - reference.double()).square()


def psnr_values(generated: Tensor, reference: Tensor, mask: Mask = "none") -> Tensor:
    """PSNR of each image in dB.

    Args:
        generated: (B, C, H, W) in [0, 1].
        reference: (B, C, H, W) in [0, 1].
        mask: Which pixels count.

    Returns:
        (B,), float64.

    Raises:
        DataError: On inputs of different shape or outside [0, 1].
        NonFiniteError: On NaN or infinity.
    """
    generated, reference = checked_pair("psnr", generated, reference)
    return decibels(weighted_mean(squared_error(generated, reference), pixel_weights(reference, mask)))


class PSNR(MeanScore):
    """Mean over images of the PSNR in dB.

    Args:
        mask: ``foreground`` restricts the error to the non-white pixels of the reference.
    """

    higher_is_better = True

    def __init__(self, mask: Mask = "none") -> None:
        super().__init__()
        check_mask(mask)
        self.mask = mask

    def score(self, generated: Tensor, reference: Tensor) -> Tensor:
        """PSNR of each image, (B,)."""
        return psnr_values(generated, reference, self.mask)


class PooledPSNR(Score):
    """PSNR in dB of the squared error pooled over every pixel of every image.

    Args:
        mask: ``foreground`` restricts the error to the non-white pixels of the reference.
    """

    higher_is_better = True
    error: Tensor
    weight: Tensor

    def __init__(self, mask: Mask = "none") -> None:
        super().__init__()
        check_mask(mask)
        self.mask = mask
        self.add_state("error", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("weight", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, generated: Tensor, reference: Tensor) -> None:
        """Add the squared error of a batch."""
        generated, reference = checked_pair("psnr", generated, reference)
        weights = pixel_weights(reference, self.mask).double()
        self.error += (squared_error(generated, reference).mean(1, keepdim=True) * weights).sum()
        self.weight += weights.sum()

    def compute(self) -> Tensor:
        """PSNR of the pooled error."""
        if self.weight == 0:
            raise DataError("psnr has seen no sample: call update first")
        return decibels(self.error / self.weight)


def psnr(pooled: bool = False, mask: Mask = "none") -> PSNR | PooledPSNR:
    """Peak signal-to-noise ratio in dB, peak 1.

    Args:
        pooled: Pool the squared error over the whole data set before the one logarithm, instead of averaging each
            image's PSNR.
        mask: ``foreground`` restricts the error to the non-white pixels (luma below 0.95) of the reference.

    Raises:
        ConfigurationError: On an unknown mask.
    """
    return PooledPSNR(mask) if pooled else PSNR(mask)
