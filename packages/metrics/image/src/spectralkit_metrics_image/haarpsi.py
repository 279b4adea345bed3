r"""Haar wavelet-based perceptual similarity index.

On 0-255 values, each image is halved by 2 x 2 averaging. With :math:`a_j, b_j` the Haar responses of the two lumas at
scale :math:`2^j` (zero-padded to the same size), in the horizontal and the vertical orientation,

.. math:: s = \tfrac12 \sum_{j=1}^{2} \frac{2 |a_j| |b_j| + C}{a_j^2 + b_j^2 + C}, \qquad w = \max(|a_3|, |b_3|)

and, for colour, one more map: :math:`s` is the same ratio on the 2 x 2 means of I and of Q, averaged, and :math:`w` the
mean of the two orientations' weights. The score is

.. math:: \left( \frac1\alpha \operatorname{logit} \frac{\sum w \, \sigma(\alpha s)}{\sum w} \right)^2,
          \qquad C = 30,\; \alpha = 4.2.

A Haar response is a difference of two box sums, and box sums double: :math:`Q_{2h}(r, c) = Q_h(r, c) + Q_h(r, c + h) +
Q_h(r + h, c) + Q_h(r + h, c + h)`; so all scales cost a handful of additions and no convolution.

Values outside [0, 1] are refused, never re-mapped: clamp first.

Reisenhofer, Bosse, Kutyniok and Wiegand, Signal Processing: Image Communication 61 (2018).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, pad

from spectralkit.errors import DataError
from spectralkit.metric import MeanScore
from spectralkit_metrics_image.mask import Mask, check_mask, pixel_weights
from spectralkit_metrics_image.pair import checked_pair

C = 30.0
ALPHA = 4.2
SCALES = 3
SIDE = 16  # the coarsest filter, 8 x 8, on the halved image
YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))


def halve(image: Tensor) -> Tensor:
    """2 x 2 means of (B, C, H, W); an odd side is completed with zeros."""
    height, width = image.shape[-2:]
    return avg_pool2d(pad(image, (0, width % 2, 0, height % 2)), 2)


def yiq(image: Tensor) -> Tensor:
    """Luma, or luma and the two chroma planes, of (B, 1 or 3, H, W).

    Raises:
        DataError: If the image has another number of channels.
    """
    if image.shape[1] == 1:
        return image
    if image.shape[1] != 3:
        raise DataError(f"haarpsi needs 1 or 3 channels, got {image.shape[1]}")
    return conv2d(image, image.new_tensor(YIQ).view(3, 3, 1, 1))


def haar_responses(luma: Tensor) -> list[Tensor]:
    """Absolute Haar responses at scales 2, 4 and 8, zero-padded to the input's size.

    Args:
        luma: (B, 1, H, W).

    Returns:
        One (B, 2, H, W) per scale: vertical and horizontal differences.
    """
    height, width = luma.shape[-2:]
    last = 2**SCALES
    box = pad(luma, (last // 2 - 1, last // 2, last // 2 - 1, last // 2))  # box sums of side h, by upper left corner
    responses = []
    for j in range(1, SCALES + 1):
        h = 2 ** (j - 1)
        tall = box[..., :-h, :] + box[..., h:, :]  # 2h x h
        wide = box[..., :, :-h] + box[..., :, h:]  # h x 2h
        vertical = wide[..., :-h, :] - wide[..., h:, :]
        horizontal = tall[..., :, :-h] - tall[..., :, h:]
        start = last // 2 - h
        window = (..., slice(start, start + height), slice(start, start + width))
        responses.append(torch.cat((vertical[window], horizontal[window]), 1).abs_().div_(2 * h))
        box = wide[..., :-h, :] + wide[..., h:, :]
    return responses


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """Ratio of agreement of two non-negative maps, in (0, 1]."""
    return (2 * a * b).add_(C).div_((a * a).addcmul_(b, b).add_(C))


def haarpsi_values(generated: Tensor, reference: Tensor, mask: Mask = "none") -> Tensor:
    """HaarPSI of each image.

    Args:
        generated: (B, 1 or 3, H, W) in [0, 1], sides of at least 16.
        reference: (B, 1 or 3, H, W) in [0, 1].
        mask: Which pixels of the similarity maps are averaged; the filters around them see every pixel.

    Returns:
        (B,), in [0, 1]. Two images without any structure to weigh (both black, say) score 1.

    Raises:
        DataError: On inputs too small, of different shape, of other than 1 or 3 channels, or outside [0, 1].
        NonFiniteError: On NaN or infinity.
    """
    generated, reference = checked_pair("haarpsi", generated, reference, SIDE)
    x, y = yiq(halve(generated)) * 255, yiq(halve(reference)) * 255
    a, b = haar_responses(x[:, :1]), haar_responses(y[:, :1])
    s = (similarity(a[0], b[0]) + similarity(a[1], b[1])) / 2
    w = torch.maximum(a[2], b[2])
    if x.shape[1] == 3:
        chroma_x, chroma_y = (avg_pool2d(pad(z[:, 1:], (0, 1, 0, 1)), 2, stride=1).abs() for z in (x, y))
        s = torch.cat((s, similarity(chroma_x, chroma_y).mean(1, keepdim=True)), 1)
        w = torch.cat((w, w.mean(1, keepdim=True)), 1)
    if mask != "none":
        w = w * halve(pixel_weights(reference, mask))
    return pooled(s, w)


def pooled(s: Tensor, w: Tensor) -> Tensor:
    """Weighted logistic mean of similarities, (B,); 1 where nothing carries weight.

    Args:
        s: (B, K, H, W) in (0, 1].
        w: (B, K, H, W), non-negative.
    """
    total = w.sum((1, 2, 3), dtype=torch.float64)
    mean = (torch.sigmoid(ALPHA * s) * w).sum((1, 2, 3), dtype=torch.float64) / total
    score = (torch.logit(mean) / ALPHA).square().clamp(max=1.0)  # round-off alone exceeds 1
    return torch.where(total > 0, score, torch.ones_like(score))


class HaarPSI(MeanScore):
    """Mean over images of the Haar wavelet-based perceptual similarity.

    Args:
        mask: ``foreground`` weighs the similarity over the non-white pixels (luma below 0.95) of the reference only.

    Raises:
        ConfigurationError: On an unknown mask.
    """

    higher_is_better = True

    def __init__(self, mask: Mask = "none") -> None:
        super().__init__()
        check_mask(mask)
        self.mask = mask

    def score(self, generated: Tensor, reference: Tensor) -> Tensor:
        """HaarPSI of each image, (B,)."""
        return haarpsi_values(generated, reference, self.mask)
