"""A run that is done, read from its directory: what ``spectralkit run`` wrote, as values."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor

from spectralkit.data import Sample, TranslationDataset
from spectralkit.errors import DataError, SpectralkitError, told
from spectralkit.models.pretrained import load_tensors
from spectralkit.plugins.registered import blaming
from spectralkit.running.config import RunConfig
from spectralkit.running.loader import Afresh, Loader
from spectralkit.running.rundir import safe_name

DOCUMENT, TABLE, IMAGES, LATENTS = "metrics.json", "samples.csv", "samples", "latents.safetensors"
"""What lies in a run directory."""


@attrs.frozen(kw_only=True)
class Finished:
    """A finished run.

    Args:
        directory: Where it lies.
        config: What was run, every default filled in.
        document: All of ``metrics.json``.
        rows: ``samples.csv``, a mapping a sample: its ``id`` and those of its numbers that it has.
        loader: Where its data set comes from; runs of one loader share it.
    """

    directory: Path
    config: RunConfig
    document: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]
    loader: Loader

    @classmethod
    def read(cls, directory: Path, loader: Loader | None = None) -> Finished:
        """The run of a directory.

        Args:
            directory: The run directory.
            loader: Where its data set comes from; by default it is loaded for this run alone.

        Raises:
            DataError: If it holds none, or a file of it is damaged.
        """
        path = directory / DOCUMENT
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            config = RunConfig(**document["config"])
            _check_document(document)
            path = directory / TABLE
            rows = tuple(map(_numbers, _table(path)))
            _check_rows(rows)
        except FileNotFoundError as error:
            raise DataError(
                f"{directory} is no run directory, it holds no {Path(str(error.filename)).name}: "
                "name the --out of a finished `spectralkit run`"
            ) from error
        except OSError as error:
            raise DataError(f"cannot read run directory {directory}: {told(error)}") from error
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, SpectralkitError) as error:
            why = f"there is no {error}" if isinstance(error, KeyError) else error
            raise DataError(f"run directory {directory} is damaged ({path.name}: {why}): run it again") from error
        return cls(directory=directory, config=config, document=document, rows=rows, loader=loader or Afresh())

    @property
    def scores(self) -> Mapping[str, float]:
        """Metric name to number; NaN where it was not finite, which JSON has no word for."""
        return _finite_or_nan(self.document["scores"])

    @property
    def diagnostics(self) -> Mapping[str, float]:
        """Name to the mean over samples; NaN as in :attr:`scores`."""
        return _finite_or_nan(self.document["diagnostics"])

    @property
    def details(self) -> Mapping[str, Mapping[str, float | str]]:
        """Metric name to the numbers beside the score."""
        found: Mapping[str, Mapping[str, float | str]] = self.document["details"]
        return found

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the samples, in order."""
        return tuple(row["id"] for row in self.rows)

    def values(self, name: str) -> dict[str, float]:
        """A column of the samples' table by sample id, where a sample has it."""
        return {row["id"]: row[name] for row in self.rows if isinstance(row.get(name), float)}

    def image(self, identifier: str) -> Path:
        """The file of a translated image: a TIFF file where its channels are not those of a picture."""
        tif = self.directory / IMAGES / f"{identifier}.tif"
        return tif if tif.exists() else tif.with_name(f"{identifier}.png")

    @cached_property
    def dataset(self) -> TranslationDataset:
        """What was translated, and the real images of its domains.

        Raises:
            SpectralkitError: If it cannot be loaded.
        """
        return self.loader.dataset(self.config)

    def samples(self, wanted: Collection[str] | None = None) -> Iterator[Sample]:
        """What was translated, in order, from the data set; no other sample is read than those ``wanted``.

        Args:
            wanted: Ids; None for all.

        Raises:
            SpectralkitError: If the data set cannot be loaded, or no longer holds these samples.
        """
        for index, identifier in enumerate(self.ids):
            if wanted is not None and identifier not in wanted:
                continue
            with blaming("dataset"):
                sample = self.dataset[index] if index < len(self.dataset) else None
            if sample is None or sample.id != identifier:
                raise DataError(
                    f"data set '{self.config.dataset}' is not what {self.directory} was run on: "
                    f"sample {index} is no longer '{identifier}'"
                )
            yield sample

    @property
    def has_latents(self) -> bool:
        """Whether they were saved."""
        return (self.directory / LATENTS).exists()

    def latents(self) -> dict[str, Tensor]:
        """Unit-normalised terminal latents by sample id, (C, H, W) each.

        Raises:
            DataError: If the run did not save them, or the file is damaged.
        """
        if not self.has_latents:
            raise DataError(f"run {self.directory} has no {LATENTS}: run it again with --save-latents")
        try:
            return load_tensors(self.directory / LATENTS, torch.float32)
        except DataError as error:
            raise DataError(
                f"run directory {self.directory} is damaged ({LATENTS}): run it again with --save-latents"
            ) from error


def _finite_or_nan(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else float(value) for name, value in values.items()}


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _numbers(row: Mapping[str, str]) -> dict[str, Any]:
    """A row without its empty cells, numbers as numbers."""
    return {name: text if name == "id" else float(text or math.nan) for name, text in row.items() if text}


def _check_document(document: Mapping[str, Any]) -> None:
    """Refuse numbers that are none, for a stranger may have written them.

    Raises:
        ValueError, KeyError, AttributeError: Saying what is wrong.
    """
    numbers = {
        **{name: document[name] for name in ("scores", "diagnostics", "cost")},
        "": {name: document[name] for name in ("samples", "seed", "seconds")},
    }
    sound = all(_are((int, float), values) for values in numbers.values())
    sound &= all(_are((int, float, str), details) for details in document["details"].values())
    sound &= all(isinstance(version, str) for version in document["versions"].values())
    if not sound:
        raise ValueError("values of wrong types")


def _are(kinds: tuple[type, ...], values: Mapping[str, Any]) -> bool:
    return all(v is None or (isinstance(v, kinds) and not isinstance(v, bool)) for v in values.values())


def _check_rows(rows: Collection[Mapping[str, Any]]) -> None:
    """Refuse a table of no samples, or of such as cannot be files.

    Raises:
        ValueError, KeyError, DataError: Saying what is wrong.
    """
    if not rows:
        raise ValueError("no samples")
    for row in rows:
        safe_name(row["id"])
