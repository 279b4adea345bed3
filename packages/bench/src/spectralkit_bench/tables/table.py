"""A table of scores: one line a method, with means over seeds, what is best, N, evaluations and seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from spectralkit_bench.tables.mark import Mark, marks
from spectralkit_bench.tables.result import Result, metric_of
from spectralkit_bench.tables.spread import Spread


@attrs.frozen
class Column:
    """A metric as a column.

    Args:
        name: The metric's.
    """

    name: str

    @property
    def title(self) -> str:
        """The paper's symbol, ``S_DC``; ``PSNR``; a name of several words, ``kd-lite0``, as it is."""
        first, several, rest = self.name.partition("-")
        return f"S_{rest.upper()}" if first == "s" else self.name if several else first.upper()

    @property
    def arrow(self) -> str:
        """Which way is better."""
        return {True: "↑", False: "↓", None: "·"}[metric_of(self.name).higher_is_better]

    @property
    def digits(self) -> int:
        """Decimals: three of what ends at 1 or is near 0, two of what may be large."""
        spec = metric_of(self.name)
        return 3 if spec.range[1] <= 1 or self.name.startswith("k") else 2


@attrs.frozen
class Value:
    """One score of a line.

    Args:
        spread: Its numbers.
        mark: How it stands among its rivals.
        competes: Whether it has any.
    """

    spread: Spread
    mark: Mark
    competes: bool


@attrs.frozen
class Line:
    """One line.

    Args:
        result: What it is made from.
        values: By metric; what was not measured is left out.
    """

    result: Result
    values: dict[str, Value]

    @property
    def evaluations(self) -> str:
        """Of the network, a sample: forwards F, backwards B."""
        forwards, backwards = (self.result.cost(kind).mean for kind in ("forwards", "backwards"))
        return f"{forwards:.4g} F" + (f" + {backwards:.4g} B" if backwards else "")


@attrs.frozen
class Table:
    """Lines under columns.

    Args:
        title: What is compared.
        columns: The metrics.
        lines: In order; those of one section stand together.
        notes: What the numbers depend on, one fact a line.
    """

    title: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns in front of the scores."""
        return tuple(dict.fromkeys(name for line in self.lines for name in line.result.labels))

    @property
    def has_energy(self) -> bool:
        """Whether the latents' energy was measured: S_G tells it."""
        return any(line.result.detail("s-g", "mean(r)/d") is not None for line in self.lines)


def tabulate(title: str, results: Sequence[Result], notes: Iterable[str] = ()) -> Table:
    """The table of ``results``."""
    names = dict.fromkeys(
        name for result in results for document in result.documents.values() for name in document["scores"]
    )
    values: list[dict[str, Value]] = [{} for _ in results]
    for name in names:
        for rivals in dict.fromkeys(result.rivals for result in results):
            among = [i for i, result in enumerate(results) if result.rivals == rivals]
            for i, value in zip(among, _values(name, [results[i] for i in among]), strict=True):
                if value is not None:
                    values[i][name] = value
    lines = tuple(Line(result, found) for result, found in zip(results, values, strict=True))
    return Table(title, tuple(map(Column, names)), lines, tuple(notes))


def _values(name: str, results: Sequence[Result]) -> Iterator[Value | None]:
    spreads = [result.score(name) for result in results]
    competing = [result.competes(name) for result in results]
    means = [spread.mean if spread and fair else None for spread, fair in zip(spreads, competing, strict=True)]
    for spread, mark, fair in zip(spreads, marks(means, metric_of(name)), competing, strict=True):
        yield None if spread is None else Value(spread, mark, fair)
