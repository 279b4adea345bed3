r"""Structural similarity, at one scale and at five.

SSIM compares local means, variances and the covariance under an 11 x 11 Gaussian window of sd 1.5:

.. math:: \mathrm{SSIM} = \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}
                               {(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)},
          \qquad C_1 = 0.01^2,\; C_2 = 0.03^2

per channel at data range 1, averaged over channels and pixels (borders by reflection). MS-SSIM multiplies the contrast
terms of the image at 1, 1/2, 1/4, 1/8 and the full SSIM at 1/16 of its size, raised to the weights 0.0448, 0.2856,
0.3001, 0.2363, 0.1333; negative factors count as zero. Both are computed by torchmetrics.

Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 13 (2004); Wang, Simoncelli and Bovik, Asilomar (2003).
"""

from __future__ import annotations

from torch import Tensor

from spectralkit.metric import MeanScore
from spectralkit_metrics_image.mask import Mask, check_mask, pixel_weights, weighted_mean
from spectralkit_metrics_image.pair import checked_pair

# torchmetrics imports only after the repair that spectralkit.metric makes.
from torchmetrics.functional.image import (  # isort: skip
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

SSIM_SIDE = 11  # one window
MS_SSIM_SIDE = 176  # 11 * 2^4: one window at the coarsest scale


def ssim_values(generated: Tensor, reference: Tensor, mask: Mask = "none") -> Tensor:
    """SSIM of each image.

    Args:
        generated: (B, C, H, W) in [0, 1], sides of at least 11.
        reference: (B, C, H, W) in [0, 1].
        mask: Which pixels of the SSIM map are averaged; the windows around them see every pixel.

    Returns:
        (B,), in [-1, 1].

    Raises:
        DataError: On inputs too small, of different shape or outside [0, 1].
        NonFiniteError: On NaN or infinity.
    """
    generated, reference = checked_pair("ssim", generated, reference, SSIM_SIDE)
    _, ssim_map = structural_similarity_index_measure(
        generated, reference, data_range=1.0, reduction="none", return_full_image=True
    )
    return weighted_mean(ssim_map, pixel_weights(reference, mask))


def ms_ssim_values(generated: Tensor, reference: Tensor) -> Tensor:
    """MS-SSIM of each image.

    Args:
        generated: (B, C, H, W) in [0, 1], sides of at least 176.
        reference: (B, C, H, W) in [0, 1].

    Returns:
        (B,), in [0, 1].

    Raises:
        DataError: On inputs too small, of different shape or outside [0, 1].
        NonFiniteError: On NaN or infinity.
    """
    generated, reference = checked_pair("ms-ssim", generated, reference, MS_SSIM_SIDE)
    values: Tensor = multiscale_structural_similarity_index_measure(
        generated, reference, data_range=1.0, reduction="none", normalize="relu"
    )
    return values


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

    def score(self, *, generated: Tensor, reference: Tensor) -> Tensor:  # type: ignore[override]  # names its inputs
        """SSIM of each image, (B,)."""
        return ssim_values(generated, reference, self.mask)


class MultiScaleSSIM(MeanScore):
    """Mean over images of the multi-scale structural similarity; images need sides of at least 176 pixels."""

    higher_is_better = True

    def score(self, *, generated: Tensor, reference: Tensor) -> Tensor:  # type: ignore[override]  # names its inputs
        """MS-SSIM of each image, (B,)."""
        return ms_ssim_values(generated, reference)
