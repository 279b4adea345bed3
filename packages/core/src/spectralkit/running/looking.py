"""A data set looked at before anything is run on it: what it shows, how much of it there is, and its spectrum.

The slope b is that of natural images: their mean power |F(f)|^2 falls as f^-b. It is fitted by least squares to the
logarithm of the power over that of the frequency, on rings one cycle per image wide up to the Nyquist frequency. A Hann
window keeps the images' borders out of it; the first ring, which the window widens, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, cast

import attrs
import torch
from torch import Tensor

from spectralkit.api import load_dataset
from spectralkit.data import TrainingSet, TranslationDataset
from spectralkit.errors import ConfigurationError, DataError, HeldOutError, told
from spectralkit.plugins.registered import blaming
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import DatasetSpec
from spectralkit.plugins.text import counted, times
from spectralkit.plugins.training import build_training
from spectralkit.running.contract import check_dataset, check_sample
from spectralkit.running.picture import grid
from spectralkit.whole import write_whole

MEASURED = 64
"""Images of each domain whose spectrum is averaged."""

SEED = 0
"""Of the training images that a preview shows."""


@attrs.frozen
class Facts:
    """What a data set tells of itself once it is there.

    Args:
        samples: How many translation problems it has.
        shape: (C, H, W).
        source: Condition of the sources.
        target: Condition of the targets.
        structure: How structure is compared.
        trained: Conditions that its training data have.
        slopes: The slope b of the power spectrum of each domain that is trained on; None of images too small to have
            one.
    """

    samples: int
    shape: tuple[int, int, int]
    source: str
    target: str
    structure: str
    trained: tuple[str, ...]
    slopes: Mapping[str, float | None]


def facts(name: str, parameters: Mapping[str, Any]) -> Facts:
    """Build a data set and measure it.

    Raises:
        SpectralkitError: If it cannot be built with these parameters.
    """
    dataset = _built(name, parameters)
    training = _training(name, parameters)
    with blaming("dataset"):
        images = {dataset.source: dataset.sources, dataset.target: dataset.targets}
        try:
            slopes = {condition: spectral_slope(islice(stream(), MEASURED)) for condition, stream in images.items()}
        except HeldOutError:
            training, slopes = None, {}
        return Facts(
            samples=len(dataset),
            shape=dataset.shape,
            source=dataset.source,
            target=dataset.target,
            structure=dataset.structure,
            trained=() if training is None else tuple(training.conditions),
            slopes=slopes,
        )


def spectral_slope(images: Iterable[Tensor]) -> float | None:
    """The slope b of the mean power spectrum of (C, H, W) images; None where there are fewer than three rings."""
    powers = [_power(image) for image in images]
    if not powers:
        raise DataError("a data set without images has no spectrum")
    power = torch.stack(powers).mean(dim=0)
    height, width = power.shape
    frequency = torch.hypot(*torch.meshgrid(torch.fft.fftfreq(height), torch.fft.fftfreq(width), indexing="ij"))
    ring = (frequency * min(height, width)).round().long()
    rings = torch.arange(2, min(height, width) // 2 + 1)
    means = torch.stack([power[ring == r].mean() for r in rings]) if len(rings) else torch.zeros(0)
    x, y = rings[means > 0].double().log(), means[means > 0].log()
    if len(x) < 3:
        return None
    x = x - x.mean()
    return -float((x * y).sum() / x.square().sum())


def _power(image: Tensor) -> Tensor:
    """(H, W), of the mean of the channels without its own mean, windowed."""
    grey = image.mean(dim=0).double()
    down, right = (torch.hann_window(side, dtype=grey.dtype) for side in grey.shape)
    spectrum: Tensor = torch.fft.fft2((grey - grey.mean()) * down[:, None] * right)
    return spectrum.real.square() + spectrum.imag.square()


def preview(name: str, parameters: Mapping[str, Any], out: Path, rows: int) -> int:
    """Draw samples and training images of every domain as a PNG file; how many rows there are.

    Raises:
        SpectralkitError: If the data set cannot be built, or ``out`` cannot be written or exists.
    """
    if out.suffix.lower() != ".png":
        raise ConfigurationError(f"a preview is a PNG file, got {out}: give it a name that ends in .png")
    if out.exists():
        raise ConfigurationError(f"file {out} already exists: choose another --out or remove it")
    dataset = _built(name, parameters)
    training = _training(name, parameters)
    with blaming("dataset"):
        count = min(rows, len(dataset))
        samples = [check_sample(dataset, i, dataset[i], wanted=False) for i in range(count)]
        columns = {f"sample: {dataset.source}": [sample.source for sample in samples]}
        references = [sample.reference for sample in samples if sample.reference is not None]
        if len(references) == count:
            columns["its reference"] = references
        with suppress(HeldOutError):
            columns |= {f"trained on: {domain}": images for domain, images in _trained(dataset, training, count)}
    picture = grid(
        f"{name}: {counted(len(dataset), 'sample')} of {times(dataset.shape)}",
        list(columns),
        list(zip(*columns.values(), strict=True)),
        [sample.id for sample in samples],
    )
    drawn = BytesIO()
    picture.save(drawn, format="PNG")
    try:
        write_whole(out, drawn.getbuffer())
    except OSError as error:
        raise ConfigurationError(f"cannot write preview {out}: {told(error)}") from error
    return count


def _trained(
    dataset: TranslationDataset, training: TrainingSet | None, count: int
) -> Iterator[tuple[str, list[Tensor]]]:
    """Training images of every domain: random ones where there is a training set, else the first."""
    if training is None:
        for condition, stream in ((dataset.source, dataset.sources), (dataset.target, dataset.targets)):
            images = list(islice(stream(), count))
            if len(images) == count:
                yield condition, images
        return
    generator = torch.Generator().manual_seed(SEED)
    for i, condition in enumerate(training.conditions):
        yield condition, list(training.draw([i] * count, dataset.shape[-1], generator))


def _built(name: str, parameters: Mapping[str, Any]) -> TranslationDataset:
    dataset = load_dataset(name, **parameters)
    with blaming("dataset"):
        check_dataset(dataset)
        if not len(dataset):
            raise DataError(f"data set '{name}' has no sample: choose another")
    return dataset


def _training(name: str, parameters: Mapping[str, Any]) -> TrainingSet | None:
    if cast(DatasetSpec, registry().resolve("dataset", name).spec).training is None:
        return None
    return cast(TrainingSet, build_training(name, parameters))
