"""What a page shows of every sample: its pictures, its latents and their spectra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs
from markupsafe import Markup
from torch import Tensor

from spectralkit.data import Sample
from spectralkit.errors import DataError, SpectralkitError
from spectralkit.running.picture import read_image
from spectralkit_bench.finished import LATENTS
from spectralkit_bench.report.charts.curves import Curve, curves
from spectralkit_bench.report.columns import Column
from spectralkit_bench.report.pictures import Picture, channels, embedded, picture
from spectralkit_bench.report.spectra import Averages, Spectrum, flat
from spectralkit_metrics_spectral import PatchTest

SOURCE, REFERENCE = "source", "reference"


@attrs.frozen
class LatentView:
    """A latent to look at.

    Args:
        picture: Its first channels and its flagged windows.
        shape: (C, H, W).
        energy: Mean square.
        flagged: Share of its windows that are too smooth; None where it is too small for one.
    """

    picture: Picture
    shape: tuple[int, ...]
    energy: float
    flagged: float | None


@attrs.frozen(eq=False)
class Shown:
    """A sample in the page.

    Args:
        id: Of the sample.
        pictures: Its source, what every run made of it, and the real image.
        latents: By key of the run, where it was kept.
        images: Chart of the images' spectra.
        noise: Chart of the latents' spectra; empty without latents.
    """

    id: str
    pictures: tuple[Picture, ...]
    latents: Mapping[str, LatentView]
    images: Markup
    noise: Markup


@attrs.define(eq=False)
class Evidence:
    """Pictures and spectra of samples, gathered one by one.

    Args:
        columns: The runs.
        latents: Of every run, by sample id; empty where it kept none.
    """

    columns: Sequence[Column]
    latents: Sequence[Mapping[str, Tensor]]
    averages: Averages = attrs.field(factory=Averages)
    noises: Averages = attrs.field(factory=Averages)

    def show(self, identifier: str, sample: Sample | None) -> Shown:
        """A sample, whose source and reference are known or not.

        Raises:
            DataError: If a translated image is missing or damaged.
        """
        pictures, spectra = [], []
        for key, label, image in self._images(identifier, sample):
            pictures.append(picture(key, label, image))
            spectra.append(self._counted(self.averages, key, label, image))
        views: dict[str, LatentView] = {}
        noises = []
        for column, kept in zip(self.columns, self.latents, strict=True):
            if (latent := kept.get(identifier)) is not None:
                views[key_of(column)] = view(key_of(column), column.label, latent, test_of(column))
                noises.append(self._counted(self.noises, key_of(column), column.label, latent))
        return Shown(
            id=identifier,
            pictures=tuple(pictures),
            latents=views,
            images=curves(f"Spectra of the images of {identifier}", spectra),
            noise=curves(f"Spectra of the latents of {identifier}", with_white(noises)),
        )

    def _images(self, identifier: str, sample: Sample | None) -> Iterator[tuple[str, str, Tensor]]:
        if sample is not None:
            yield SOURCE, "source", sample.source
        depth = 3 if sample is None else len(sample.source)
        for column in self.columns:
            yield key_of(column), column.label, read_image(column.run.image(identifier), depth)
        if sample is not None and sample.reference is not None:
            yield REFERENCE, "reference", sample.reference

    @staticmethod
    def _counted(averages: Averages, key: str, label: str, field: Tensor) -> Curve:
        spectrum = Spectrum.of(field.float())
        averages.add(key, spectrum)
        return spectrum.curve(key, label)


def key_of(column: Column) -> str:
    """What a run goes by in the page."""
    return f"run{column.index}"


def with_white(found: list[Curve]) -> list[Curve]:
    """Spectra of latents with that of white noise."""
    return [flat(found[0]), *found] if found else []


def view(key: str, label: str, latent: Tensor, test: PatchTest) -> LatentView:
    """A latent (C, H, W) with its flags."""
    flags = test.flags(latent[None])[0] if min(latent.shape[1:]) >= test.k else None
    return LatentView(
        picture=embedded(key, label, channels(latent, flags)),
        shape=tuple(latent.shape),
        energy=float(latent.square().mean()),
        flagged=None if flags is None else float(flags.float().mean()),
    )


def test_of(column: Column) -> PatchTest:
    """The test of a window that S_DC made in this run."""
    try:
        return PatchTest(**column.run.config.settings.get("s-dc", {}))
    except (SpectralkitError, TypeError):  # settings of another version
        return PatchTest()


def latents_of(column: Column) -> Mapping[str, Tensor]:
    """The latents of a run by sample id; none where it kept none.

    Raises:
        DataError: If they are damaged.
    """
    if not column.run.has_latents:
        return {}
    found = column.run.latents()
    for identifier, latent in found.items():
        if latent.ndim != 3 or not latent.numel():
            raise DataError(
                f"run directory {column.run.directory} is damaged ({LATENTS}: '{identifier}' is no latent): "
                "run it again"
            )
    return found
