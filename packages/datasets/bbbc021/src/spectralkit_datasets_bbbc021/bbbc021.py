"""BBBC021 (Caie et al. 2010): micrographs of MCF-7 cells, super-resolved from nearest decimation, strictly unpaired.

A well shows one domain alone: either its fields are held out, or they are trained on in high resolution, or in low. So
no cell is seen in both, and none that is translated has been trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.pictures.dividing import digest_of_name, halves
from spectralkit.pictures.indexing import Index
from spectralkit.pictures.intensity import Intensity
from spectralkit.pictures.sifting import OnError
from spectralkit.pictures.unpaired import Unpaired
from spectralkit.plugins.text import brief, nearest
from spectralkit_datasets_bbbc021.field import Field
from spectralkit_datasets_bbbc021.fields import Fields
from spectralkit_datasets_bbbc021.preparation import NAME, VERSION, names
from spectralkit_datasets_bbbc021.table import read_mechanisms

SCALES = (8, 16, 32)


def bbbc021(
    root: Path,
    *,
    scale: int = 16,
    size: int = 256,
    plates: str | tuple[str, ...] = (),
    compounds: str | tuple[str, ...] = (),
    mechanisms: str | tuple[str, ...] = (),
    intensity: str = "0.1%:99.9%",
    apart: Literal["well", "plate"] = "well",
    held_out: float = 0.2,
    compared: int = 512,
    on_error: OnError = "stop",
    index: Path | None = None,
) -> Unpaired[Field]:
    """Micrographs of MCF-7 cells, to be super-resolved.

    Args:
        root: Folder of the download, prepared.
        scale: Of the decimation: 8, 16 or 32.
        size: Side of the crops, a multiple of ``scale``.
        plates: Take this one or these alone, like Week4_27481.
        compounds: Take this one or these alone, like DMSO.
        mechanisms: Take this mechanism of action or these alone, like DNA damage.
        intensity: Percentiles of a plate's stain that become 0 and 1.
        apart: What lies in one part alone: the fields of a well, or of a plate.
        held_out: Share of the wells or plates that are translated and never trained on, in (0, 1].
        compared: Training images of each domain that metrics compare with, at the most.
        on_error: Whether files that the index found missing or bad end it (stop) or are told and left out (skip).
        index: Where the index is (default: beside the files).

    Raises:
        SpectralkitError: If the download has not been prepared, or options do not fit together.
    """
    if scale not in SCALES:
        raise ConfigurationError(f"scale {scale} is impossible for data set {NAME}: choose one of 8, 16, 32")
    if size < scale or size % scale:
        raise ConfigurationError(f"size {size} is impossible for data set {NAME}: choose a multiple of {scale}")
    scaling = Intensity.parse(intensity)
    if scaling.kind != "percentiles":
        raise ConfigurationError(f"intensity of data set {NAME} must be percentiles like 0.1%:99.9%, got {intensity}")
    plates, compounds, mechanisms = map(names, (plates, compounds, mechanisms))
    kept = Index.of(NAME, root, index, VERSION)
    _check_known("plate", plates, kept.units())
    rows = kept.rows(on_error, lambda plate: not plates or plate in plates)
    fields = _chosen([Field.of(row) for row in rows], root, plates, compounds, mechanisms)
    if small := [field for field in fields if min(field.size) < size]:
        raise ConfigurationError(f"field {small[0].id} is {small[0].size}, smaller than size {size}: choose less")

    def group(field: Field) -> str:
        return digest_of_name(field.plate if apart == "plate" else f"{field.plate}/{field.well}")

    return Unpaired(
        name=NAME,
        source=f"low-x{scale}",
        target="high",
        structure="rgb",
        shape=(3, size, size),
        scenes=Fields(kept, scaling, scale),
        division=halves(fields, group, held_out),
        compared=compared,
        rotate=True,
    )


def _chosen(
    fields: list[Field], root: Path, plates: Sequence[str], compounds: Sequence[str], mechanisms: Sequence[str]
) -> list[Field]:
    """The fields that every filter lets through.

    Raises:
        ConfigurationError: If a filter names what there is not.
        DataError: If none is left.
    """
    filters: list[tuple[str, Sequence[str], Callable[[Field], str]]] = [
        ("plate", plates, lambda field: field.plate),
        ("compound", compounds, lambda field: field.compound),
    ]
    if mechanisms:
        known = read_mechanisms(root)
        filters.append(("mechanism", mechanisms, lambda field: known.get((field.compound, field.concentration), "")))
    for what, wanted, of in filters:
        there = {of(field) for field in fields}
        _check_known(what, wanted, there)
        if wanted:
            fields = [field for field in fields if of(field) in wanted]
    if not fields:
        raise DataError(f"data set {NAME} in {root} has no whole field: complete the download and prepare it again")
    return fields


def _check_known(what: str, wanted: Sequence[str], there: Iterable[str]) -> None:
    """Refuse to filter by what there is not."""
    if strange := sorted(set(wanted) - set(there)):
        raise ConfigurationError(
            f"data set {NAME} has no {what} {brief(strange[0])}: {nearest(strange[0], there)}look into its tables"
        )
