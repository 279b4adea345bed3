"""An index of a data set's files: looked at once, unit by unit (a plate, a folder, a thousand pictures).

A unit is one JSON file, written whole, with a stamp of the names, sizes and times of its files. Whoever is stopped goes
on with the units that are left, and a unit is looked at anew when one of its files has changed. The list of units comes
last; without it there is no index.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError, DataError, told
from spectralkit.pictures.sifting import OnError, listed
from spectralkit.plugins.text import counted
from spectralkit.whole import write_whole

LIST = "index.json"


@attrs.frozen
class Unit:
    """Files that are looked at together.

    Args:
        name: Names the file of what is found, letters, digits, ``_`` and ``-``.
        files: Of which it is made; some may be missing.
        known: What else decides what is found in it.
    """

    name: str
    files: tuple[Path, ...]
    known: str = ""


@attrs.frozen
class Found:
    """What a unit, or all of them together, turned out to be.

    Args:
        rows: What can be used, as JSON takes it.
        problems: What is missing or cannot be used, a line that names its file each.
    """

    rows: Sequence[Any]
    problems: Sequence[str]

    @classmethod
    def joined(cls, units: Sequence[Found], problems: Sequence[str]) -> Found:
        """Units in order, and the problems of the whole behind theirs."""
        told = [problem for unit in units for problem in unit.problems]
        return cls([row for unit in units for row in unit.rows], [*told, *problems])


@attrs.frozen
class Index:
    """Where it is kept, and what it is of.

    Args:
        folder: Where.
        dataset: Whose files.
        root: Where these are.
        version: Of what a row holds; of another version everything is looked at anew.
    """

    folder: Path
    dataset: str
    root: Path
    version: int

    @classmethod
    def of(cls, dataset: str, root: Path, folder: Path | None, version: int) -> Index:
        """The index of a data set in ``folder``, by default beside its files."""
        return cls(folder or root / ".spectralkit" / dataset, dataset, root, version)

    def make(
        self, units: Sequence[Unit], look: Callable[[Unit], Found], tell: Callable[[str], None], problems: Sequence[str]
    ) -> Found:
        """Look at every unit that has not been looked at as it is; what all of them are.

        Args:
            units: All of them; what the index says of others is forgotten.
            look: Looks at one.
            tell: Is told a line of every unit that was looked at.
            problems: Of the whole.

        Raises:
            ConfigurationError: If the index cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            found = [self._unit(unit, look, tell, f"{i} of {len(units)}") for i, unit in enumerate(units, 1)]
            whole = {"version": self.version, "units": [unit.name for unit in units], "problems": list(problems)}
            write_whole(self.folder / LIST, json.dumps(whole).encode())
        except OSError as error:
            raise ConfigurationError(
                f"cannot write the index in {self.folder}: {told(error)}; --set dataset.index=DIR puts it elsewhere"
            ) from error
        return Found.joined(found, problems)

    def rows(self, on_error: OnError, wanted: Callable[[str], bool] = lambda unit: True) -> list[Any]:
        """What can be used of the units that are wanted; the problems of others do not matter.

        Raises:
            DataError: If there is no index, it is damaged or of another version, or there are problems and ``on_error``
                is ``stop``.
        """
        with self._told():
            whole = self._list()
            found = Found.joined([self._read(name) for name in whole["units"] if wanted(name)], whole["problems"])
        if found.problems and on_error == "stop":
            raise _refusal(found.problems)
        for problem in found.problems:
            warnings.warn(f"left out: {problem}", stacklevel=2)
        return list(found.rows)

    def units(self) -> list[str]:
        """Names of the units; refused as by :meth:`rows`."""
        with self._told():
            return list(self._list()["units"])

    def _list(self) -> dict[str, Any]:
        if not self.root.is_dir():
            raise DataError(f"no folder at {self.root}: check dataset.root")
        whole: dict[str, Any] = json.loads((self.folder / LIST).read_bytes())
        if whole["version"] != self.version:
            raise DataError(self._remedy("was indexed by another version"))
        return whole

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise DataError(self._remedy("has not been indexed")) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(self._remedy("has a damaged index")) from error

    def _remedy(self, what: str) -> str:
        given = self.folder != Index.of(self.dataset, self.root, None, self.version).folder
        more = f" --set dataset.index={self.folder}" if given else ""
        command = f"spectralkit datasets prepare {self.dataset} {self.root}{more}"
        return f"data set {self.dataset} in {self.root} {what}: {command}"

    def _unit(self, unit: Unit, look: Callable[[Unit], Found], tell: Callable[[str], None], number: str) -> Found:
        stamp = hashlib.sha256("\n".join([str(self.version), unit.known, *stamps(self.root, unit.files)]).encode())
        path = self._path(unit.name)
        try:
            document = json.loads(path.read_bytes())
            if document["stamp"] == stamp.hexdigest():
                return Found(document["rows"], document["problems"])
        except (OSError, ValueError, KeyError, TypeError):  # not there yet, or not whole
            pass
        found = look(unit)
        document = {"stamp": stamp.hexdigest(), "rows": found.rows, "problems": found.problems}
        write_whole(path, json.dumps(document, separators=(",", ":")).encode())
        count = len(found.problems)
        tell(f"{unit.name} ({number}): {len(found.rows)} good, {counted(count, 'problem')}")
        return found

    def _read(self, name: str) -> Found:
        document = json.loads(self._path(name).read_bytes())
        return Found(document["rows"], document["problems"])

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def _refusal(problems: Sequence[str]) -> DataError:
    """Files that are missing or cannot be used: the first of them, and their count."""
    return DataError(
        f"{counted(len(problems), 'problem')}: {listed(problems)}: repair and prepare it again, or "
        "leave them out by --set dataset.on_error=skip"
    )


def stamps(root: Path, files: Iterable[Path]) -> Iterator[str]:
    """Of each file its name below ``root``, its size and its time of change, or why nothing is known of it."""
    for path in files:
        name = str(path.relative_to(root))
        try:
            status = path.stat()
            yield f"{name} {status.st_size} {status.st_mtime_ns}"
        except OSError as error:
            yield f"{name} {error.errno}"
