r"""S_HF: does the image hold as much fine detail as real images of the target domain?

With ``E(x)`` the energy of the level-1 wavelet details (all bands, summed over channels) of pixels in [0, range]
(appendix B.4 of "Spectral Collapse in Diffusion Inversion"):

    S_HF = 1 - clip(|ln E(x) - mu| / |mu|, 0, 1),        mu = mean of ln E over real target images.

The wavelet is ``sym ceil(|s|)``, s the slope of the real images' log spectrum. The logarithm's base cancels, the pixel
scale does not: range 255 adds ``2 ln 255 = 11.08`` to mu, and mu grows with the number of pixels. Range, boundary and
size are therefore printed beside the score, and images of another size than the targets are refused.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from itertools import islice

import attrs
import torch
from torch import Tensor

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.metric import GivenTargets, MeanScore, Targets, check_images, check_parameters, real_images
from spectralkit_metrics_spectral.cache import Key, recall_or
from spectralkit_metrics_spectral.spectrum import POWER_FLOOR, frequencies, power_spectrum, slope
from spectralkit_metrics_spectral.wavelet import ORDERS, detail_energy

ENERGY_FLOOR = 1e-12
BOUNDARY = "periodization"
BATCH = 32
VERSION = 2


@attrs.frozen
class Reference:
    """What real target images look like at the finest scale.

    Args:
        mu: Mean of ``ln E``.
        slope: Of ``ln P`` against ``ln f``.
        order: The Symlet's.
        count: Number of images.
        shape: (C, H, W) of every image.
        pixel_range: Value of a white pixel.
    """

    mu: float
    slope: float
    order: int
    count: int
    shape: tuple[int, int, int]
    pixel_range: float


def log_energy(images: Tensor, order: int, pixel_range: float = 255.0) -> Tensor:
    """``ln E`` of images in [0, 1]: (B, C, H, W) -> (B,), float64."""
    images = images.to(torch.promote_types(images.dtype, torch.float32))
    return (pixel_range**2 * detail_energy(images, order)).clamp_min(ENERGY_FLOOR).log()


def high_frequency_score(log_energies: Tensor, mu: float) -> Tensor:
    """``1 - clip(|ln E - mu| / |mu|, 0, 1)``.

    Raises:
        DataError: If ``mu`` is 0, where the score has no meaning.
    """
    if abs(mu) < 1e-6:
        raise DataError(
            "s-hf: the real images' mean log energy is 0, which S_HF divides by: choose another pixel_range"
        )
    return 1 - ((log_energies - mu).abs() / abs(mu)).clamp(0, 1)


def wavelet_order(spectral_slope: float) -> int:
    """``ceil(|slope|)``, within the Symlets that exist."""
    return min(max(math.ceil(abs(spectral_slope)), ORDERS[0]), ORDERS[1])


def measure(targets: GivenTargets, pixel_range: float = 255.0) -> Reference:
    """The reference statistics of a data set, computed once per content and remembered on disk.

    Args:
        targets: The images, (C, H, W) in [0, 1]. A function that gives them is called up to three times, so that memory
            stays that of one batch; a batch and images one by one will do too.
        pixel_range: Value of a white pixel.

    Raises:
        DataError: If there is no image, none has any detail, an image lies outside [0, 1], or sizes differ.
        NonFiniteError: On NaN or infinity.
    """
    images = real_images("s-hf", targets)
    shape, count, digest = _survey(images)
    key: Key = {"digest": digest, "pixel_range": pixel_range, "boundary": BOUNDARY, "version": VERSION}

    def compute() -> dict[str, float]:
        log_power, _ = mean_log_spectrum(images)
        fitted = slope(frequencies(*shape[1:]), log_power)
        energies = [log_energy(batch, wavelet_order(fitted), pixel_range) for batch in _batches(images)]
        return {"mu": float(torch.cat(energies).mean()), "slope": fitted}

    numbers = recall_or(compute, "high-frequency-reference", key)
    if numbers["mu"] < math.log(ENERGY_FLOOR) + 1e-6:  # the mean of floors, but for round-off
        raise DataError("s-hf: every real target image is flat, without detail to compare with: choose others")
    order = wavelet_order(numbers["slope"])
    return Reference(numbers["mu"], numbers["slope"], order, count, shape, pixel_range)


def _survey(targets: Targets) -> tuple[tuple[int, int, int], int, str]:
    """Shape, number and SHA-256 of the images."""
    digest, count, shape = hashlib.sha256(), 0, None
    for image in targets():
        shape = (image.shape[0], image.shape[1], image.shape[2])
        digest.update(repr(shape).encode() + image.detach().cpu().float().contiguous().numpy().tobytes())
        count += 1
    if shape is None:
        raise DataError("s-hf: the data set has no real target image to measure: give it at least one")
    return shape, count, digest.hexdigest()


def _batches(targets: Targets) -> Iterator[Tensor]:
    images = iter(targets())
    while batch := list(islice(images, BATCH)):
        yield torch.stack(batch)


def mean_log_spectrum(images: Targets) -> tuple[Tensor, int]:
    """Mean ``ln P`` of images (C, H, W), all of one shape: (C, min(H, W) // 2 + 1), and N; they are read in batches."""
    total, count = torch.zeros(()), 0
    for batch in _batches(images):
        total = total + power_spectrum(batch).clamp_min(POWER_FLOOR).log().sum(dim=0).cpu()
        count += len(batch)
    return total / count, count


class HighFrequencyScore(MeanScore):
    """S_HF: 1 where the fine-detail energy is that of real target images, 0 where its logarithm is off by a factor of
    two.

    ``update(generated=...)`` takes (B, C, H, W) in [0, 1], of the targets' size. A side of odd length is extended by
    repeating its last row or column.

    Args:
        targets: Real target images, (C, H, W) in [0, 1]: a function that gives them, a batch, or one by one.
        pixel_range: Value of a white pixel; the score depends on it.
    """

    higher_is_better = True

    def __init__(self, targets: GivenTargets, pixel_range: float = 255.0) -> None:
        super().__init__()
        check_parameters(HighFrequencyScore, pixel_range=pixel_range)
        if not (pixel_range > 0 and math.isfinite(pixel_range)):
            raise ConfigurationError(f"s-hf: pixel_range must be positive, got {pixel_range}")
        self.reference = measure(targets, pixel_range)

    def score(self, generated: Tensor) -> Tensor:
        """S_HF of each image, (B,)."""
        check_images("s-hf", generated=generated)
        if tuple(generated.shape[1:]) != self.reference.shape:
            raise DataError(
                f"s-hf: images of {tuple(generated.shape[1:])} cannot be compared with real images of "
                f"{self.reference.shape}: resize one of them"
            )
        energies = log_energy(generated, self.reference.order, self.reference.pixel_range)
        return high_frequency_score(energies, self.reference.mu)

    def details(self) -> Mapping[str, float | str]:
        reference = self.reference
        return {
            "N": float(self.count),
            "mu": reference.mu,
            "range": reference.pixel_range,
            "wavelet": f"sym{reference.order}",
            "boundary": BOUNDARY,
            "size": "x".join(map(str, reference.shape)),
            "slope": reference.slope,
            "real images": float(reference.count),
        }
