"""What data sets, codecs and methods hand to a run, held to contracts; a breach is told with the plugin's name."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import get_args

from torch import Tensor

from spectralkit.data import Sample, Structure, TranslationDataset
from spectralkit.errors import DataError
from spectralkit.plugins.registered import ContractError
from spectralkit.plugins.text import brief
from spectralkit.running.rundir import safe_name


def check_dataset(dataset: TranslationDataset) -> None:
    """Refuse a data set that does not say what it is.

    Raises:
        ContractError: Naming the property at fault.
    """
    for name, value in (("name", dataset.name), ("source", dataset.source), ("target", dataset.target)):
        if not isinstance(value, str) or not value:
            raise ContractError(dataset, f"has the {name} {brief(value)}, expected text")
    if not _is_shape(dataset.shape):
        raise ContractError(dataset, f"has the shape {brief(dataset.shape)}, expected (C, H, W)")
    if dataset.structure not in get_args(Structure):
        raise ContractError(dataset, f"has the structure {brief(dataset.structure)}, expected one of {Structure}")


def check_sample(dataset: TranslationDataset, index: int, sample: object, wanted: bool) -> Sample:
    """``sample`` where it is one, like the others of its data set, with an id that can be a file name.

    Args:
        dataset: Where it comes from.
        index: Which it is.
        sample: What the data set returned.
        wanted: Whether a reference is needed.

    Raises:
        ContractError: If it is no sample of tensors.
        DataError: If its images or its id cannot be used.
    """
    if not isinstance(sample, Sample) or not isinstance(sample.id, str):
        raise ContractError(dataset, f"returned {brief(sample)} as item {index}, expected a Sample")
    safe_name(sample.id)
    for role, image in (("source", sample.source), ("reference", sample.reference)):
        if image is None and role == "reference":
            continue
        if not isinstance(image, Tensor) or not image.is_floating_point():
            raise ContractError(dataset, f"returned no floating-point tensor as the {role} of sample '{sample.id}'")
        if tuple(image.shape) != dataset.shape:
            told = (
                f"the {role} of sample '{sample.id}' the shape {tuple(image.shape)}, and all the shape {dataset.shape}"
            )
            raise ContractError(dataset, f"gives {told}")
    if sample.reference is None and wanted:
        raise DataError(
            f"sample '{sample.id}' of data set '{dataset.name}' has no reference, though others have: "
            "choose --metrics that need none"
        )
    return sample


def check_images(codec: object, images: object, count: int, shape: tuple[int, ...]) -> None:
    """Refuse decoded images that are not ``count`` finite ones of ``shape`` in [0, 1].

    Raises:
        ContractError: Naming the codec.
    """
    if not isinstance(images, Tensor) or tuple(images.shape) != (count, *shape):
        found = tuple(images.shape) if isinstance(images, Tensor) else brief(images)
        raise ContractError(codec, f"decoded {found}, expected images of the shape {(count, *shape)}")
    low, high = float(images.min()), float(images.max())
    if not (math.isfinite(low) and math.isfinite(high) and low >= 0 and high <= 1):
        raise ContractError(codec, f"decoded values in [{low:.4g}, {high:.4g}], expected [0, 1]")


def check_records(method: object, records: Mapping[str, Tensor], count: int) -> None:
    """Refuse diagnostics that are not one value per step and sample.

    Raises:
        ContractError: Naming the method and the diagnostic.
    """
    for name, values in records.items():
        if values.ndim != 2 or values.shape[1] != count:
            raise ContractError(method, f"recorded {tuple(values.shape)} as {brief(name)}, expected (steps, {count})")


def check_names(method: object, records: Mapping[str, Tensor], taken: Collection[str]) -> None:
    """Refuse diagnostics that would stand in another column's place.

    Raises:
        ContractError: Naming the method and the diagnostic.
    """
    for name in records:
        if not isinstance(name, str) or name in taken:
            raise ContractError(method, f"recorded {brief(name)}, which is not free: record it as 'method/what'")


def _is_shape(shape: object) -> bool:
    return isinstance(shape, tuple) and len(shape) == 3 and all(type(side) is int and side > 0 for side in shape)
