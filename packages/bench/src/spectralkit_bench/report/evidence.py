"""What a page shows of every sample: its pictures, its latents and their spectra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs
from markupsafe import Markup
from torch import Tensor

from spectralkit.data import Sample
from spectralkit.errors import DataError, SpectralkitError
from spectralkit.pictures.reading import Reading
from spectralkit_bench.finished import LATENTS, Finished
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
        latents: Of every run that kept it.
        images: Chart of the images' spectra, of each method on average over its seeds.
        noise: Chart of the latents' spectra, likewise; empty without latents.
    """

    id: str
    pictures: tuple[Picture, ...]
    latents: tuple[LatentView, ...]
    images: Markup
    noise: Markup

    @property
    def firsts(self) -> list[Picture]:
        """The first picture of every key."""
        return list({picture.key: picture for picture in reversed(self.pictures)}.values())[::-1]

    def latent(self, key: str) -> LatentView | None:
        """The first of a method."""
        return next((view for view in self.latents if view.picture.key == key), None)


@attrs.define(eq=False)
class Evidence:
    """Pictures and spectra of samples, gathered one by one.

    Args:
        columns: The methods.
        latents: Of every run of every method, by sample id; empty where it kept none.
    """

    columns: Sequence[Column]
    latents: Sequence[Sequence[Mapping[str, Tensor]]]
    averages: Averages = attrs.field(factory=Averages)
    noises: Averages = attrs.field(factory=Averages)

    def show(self, identifier: str, sample: Sample | None) -> Shown:
        """A sample, whose source and reference are known or not.

        Raises:
            DataError: If a translated image is missing or damaged.
        """
        pictures, views = [], []
        images, noises = Averages(), Averages()
        for found, image in self._images(identifier, sample):
            pictures.append(found)
            _count(found.key, image, images, self.averages)
        for column, each in zip(self.columns, self.latents, strict=True):
            for kept, seeds in zip(each, column.under, strict=True):
                if (latent := kept.get(identifier)) is not None:
                    views.append(view(column.key, column.label, latent, test_of(column), seeds))
                    _count(column.key, latent, noises, self.noises)
        labels = {found.key: found.label for found in pictures}
        return Shown(
            id=identifier,
            pictures=tuple(pictures),
            latents=tuple(views),
            images=curves(f"Spectra of the images of {identifier}", images.curves(labels)),
            noise=curves(f"Spectra of the latents of {identifier}", with_white(noises.curves(labels))),
        )

    def _images(self, identifier: str, sample: Sample | None) -> Iterator[tuple[Picture, Tensor]]:
        if sample is not None:
            yield picture(SOURCE, "source", sample.source), sample.source
        for column in self.columns:
            for run, seeds in zip(column.runs, column.under, strict=True):
                image = _written(run.image(identifier))
                yield picture(column.key, column.label, image, seeds), image
        if sample is not None and sample.reference is not None:
            yield picture(REFERENCE, "reference", sample.reference), sample.reference


def _written(path: Path) -> Tensor:
    """An image that a run wrote, (C, H, W) in [0, 1], in the channels of its file."""
    reading = Reading()
    return reading.read(path, reading.count(path))


def _count(key: str, field: Tensor, *averages: Averages) -> None:
    spectrum = Spectrum.of(field.float())
    for each in averages:
        each.add(key, spectrum)


def with_white(found: list[Curve]) -> list[Curve]:
    """Spectra of latents with that of white noise."""
    return [flat(found[0]), *found] if found else []


def view(key: str, label: str, latent: Tensor, test: PatchTest, seeds: tuple[int, ...] = ()) -> LatentView:
    """A latent (C, H, W) with its flags."""
    flags = test.flags(latent[None])[0] if min(latent.shape[1:]) >= test.k else None
    return LatentView(
        picture=embedded(key, label, channels(latent, flags), seeds),
        shape=tuple(latent.shape),
        energy=float(latent.square().mean()),
        flagged=None if flags is None else float(flags.float().mean()),
    )


def test_of(column: Column) -> PatchTest:
    """The test of a window that S_DC made of this method."""
    try:
        return PatchTest(**column.first.config.settings.get("s-dc", {}))
    except (SpectralkitError, TypeError):  # settings of another version
        return PatchTest()


def latents_of(run: Finished) -> Mapping[str, Tensor]:
    """The latents of a run by sample id; none where it kept none.

    Raises:
        DataError: If they are damaged.
    """
    if not run.has_latents:
        return {}
    found = run.latents()
    for identifier, latent in found.items():
        if latent.ndim != 3 or not latent.numel():
            raise DataError(
                f"run directory {run.directory} is damaged ({LATENTS}: '{identifier}' is no latent): run it again"
            )
    return found
