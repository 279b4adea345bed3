"""Good files told from bad ones before any work: every bad one is named with its reason, and nothing is dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Generic, Literal, TypeVar

import attrs

from spectralkit.errors import DataError, SpectralkitError
from spectralkit.pictures.finding import Input, check_file
from spectralkit.pictures.reading import Reading
from spectralkit.plugins.text import counted

OnError = Literal["stop", "skip"]
"""What becomes of bad files: all of them are told and nothing is done, or they are told and left out."""

MOST_TOLD = 20
"""Bad files named in one message; ``skip`` names them all."""

T = TypeVar("T")


@attrs.frozen
class Sifted(Generic[T]):
    """Files that were tried.

    Args:
        good: What came of each good one.
        bad: Why each bad one is bad.
    """

    good: Mapping[Input, T]
    bad: Mapping[Input, str]

    @property
    def told(self) -> list[str]:
        """A line for each bad file, and their count."""
        count = f"{len(self.bad)} of {counted(len(self.good) + len(self.bad), 'image')} left out"
        return [*(f"left out: {reason}" for reason in self.bad.values()), count] if self.bad else []


def sift(inputs: Sequence[Input], attempt: Callable[[Input], T], on_error: OnError) -> Sifted[T]:
    """Try every file.

    Args:
        inputs: The files.
        attempt: What may fail; its errors name the file.
        on_error: What becomes of bad files.

    Raises:
        DataError: If one is bad and ``on_error`` is ``stop``, or all are.
    """
    good: dict[Input, T] = {}
    bad: dict[Input, str] = {}
    for one in inputs:
        try:
            check_file(one)
            good[one] = attempt(one)
        except SpectralkitError as error:
            bad[one] = str(error)
    if bad and (on_error == "stop" or not good):
        raise DataError(_refusal(bad, len(inputs)))
    return Sifted(good, bad)


def channels_of(inputs: Sequence[Input], reading: Reading) -> int:
    """How many channels images have: as many as that of the first file which can be looked at; 1 where none can.

    Whoever sifts the files tells those that cannot.
    """
    for one in inputs:
        with suppress(DataError):
            check_file(one)
            return reading.count(one.path)
    return 1


def _refusal(bad: Mapping[Input, str], count: int) -> str:
    """Every reason once, with all files that have it."""
    if len(bad) == 1:
        return next(iter(bad.values()))
    alike: dict[str, list[Input]] = {}
    for one, reason in bad.items():
        alike.setdefault(reason.replace(str(one.path), ""), []).append(one)
    reasons = [
        f"{bad[first]} (the same: {named([str(one.place) for one in others])})" if others else bad[first]
        for first, *others in alike.values()
    ]
    return f"{len(bad)} of {count} images cannot be used: {listed(reasons)}"


def listed(reasons: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f"; and {len(reasons) - MOST_TOLD} more" if len(reasons) > MOST_TOLD else ""
    return f"{'; '.join(reasons[:MOST_TOLD])}{more}"


def named(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return f"{', '.join(names[:MOST_TOLD])}{more}"
