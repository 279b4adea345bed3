"""Cells that are known, done and shared.

A cell that is claimed belongs to a worker until it is done, has failed or is given back; that of a worker that is dead
may be claimed by any. Its results are a run directory under ``runs/``, whole or absent, and the truth: a cell whose
directory is there is done, whatever the index says of it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError, DataError, told
from spectralkit.plugins.text import reason
from spectralkit.running.config import RunConfig
from spectralkit.running.document import as_json
from spectralkit_bench.cells.cell import Cell
from spectralkit_bench.store import worker
from spectralkit_bench.store.database import PATIENCE, Database
from spectralkit_bench.store.place import WORKERS, check_place
from spectralkit_bench.store.record import COLUMNS, Counts, Record

INDEX, RUNS = "store.sqlite", "runs"


@attrs.frozen
class Store:
    """An open store.

    Args:
        directory: Where it lies.
        database: Its index.
    """

    directory: Path
    database: Database

    @classmethod
    def check(cls, directory: Path) -> None:
        """Refuse, as :meth:`make` would, a place where a store can neither be used nor begun, and begin none."""
        check_place(directory)
        if (directory / WORKERS).is_dir():
            cls.make(directory)

    @classmethod
    def make(cls, directory: Path, *, patience: float = PATIENCE) -> Store:
        """Open a store, or begin one in a folder that is new or empty.

        Raises:
            SpectralkitError: If the folder is something else, cannot be written, or is a store of another version.
        """
        check_place(directory)
        try:
            for folder in (directory, directory / WORKERS, directory / RUNS):  # another process may look meanwhile
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"cannot use store {directory}: {told(error)}") from error
        return cls._opened(directory, patience)

    @classmethod
    def open(cls, directory: Path, *, patience: float = PATIENCE) -> Store:
        """Open a store that is there.

        Raises:
            SpectralkitError: If it is not, cannot be used, or is of another version.
        """
        if not directory.is_dir():
            raise ConfigurationError(f"there is no store {directory}: `spectralkit bench run` makes one")
        if not (directory / WORKERS).is_dir():
            raise ConfigurationError(f"{directory} is no store: name the --store of a `spectralkit bench run`")
        if not (directory / INDEX).exists():
            raise ConfigurationError(f"store {directory} has no {INDEX}: `spectralkit bench run` makes it anew")
        return cls._opened(directory, patience)

    @classmethod
    def _opened(cls, directory: Path, patience: float) -> Store:
        store = cls(directory, Database.open(directory / INDEX, patience=patience))
        worker.sweep(directory / WORKERS)
        return store

    def place(self, key: str) -> Path:
        """The run directory of a cell."""
        return self.directory / RUNS / key[:16]

    def add(self, cells: Iterable[Cell], *, grid: str, plan: object) -> None:
        """Cells that are not there yet wait; the grid of that name is this one from now on."""
        with self.database.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO cells (key, config, facts, state) VALUES (?, ?, ?, 'waiting')",
                [(cell.key, as_json(cell.config.as_table()), as_json([cell.versions, cell.weights])) for cell in cells],
            )
            connection.execute("INSERT OR REPLACE INTO grids VALUES (?, ?)", (grid, as_json(plan)))

    def plan(self, grid: str) -> Any:
        """What a grid consists of.

        Raises:
            ConfigurationError: If there is none of that name.
        """
        found = self.database.read("SELECT plan FROM grids WHERE name = ?", grid)
        if not found:
            known = ", ".join(self.grids) or "none yet"
            raise ConfigurationError(f"store {self.directory} has no grid {grid!r}: it has {known}")
        with self._reading():
            return json.loads(str(found[0][0]))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What cannot be read was damaged, or written by a version that knows more."""
        try:
            yield
        except (ValueError, TypeError, AttributeError, ConfigurationError) as error:
            raise DataError(
                f"cells of store {self.directory} cannot be read ({reason(error)}): use the spectralkit it was made "
                "with, or choose another --store"
            ) from error

    @property
    def grids(self) -> tuple[str, ...]:
        """The names of its grids."""
        return tuple(str(name) for (name,) in self.database.read("SELECT name FROM grids ORDER BY name"))

    def records(self) -> list[Record]:
        """All cells, without their documents."""
        rows = self.database.read(f"SELECT {COLUMNS} FROM cells ORDER BY key")
        with self._reading():
            found = [Record.of(row) for row in rows]
        states = self._seen((record.state, record.worker) for record in found)
        return [attrs.evolve(record, state=state) for record, state in zip(found, states, strict=True)]

    @property
    def errors(self) -> dict[str, str]:
        """Why cells have failed, by key."""
        rows = self.database.read("SELECT key, error FROM cells WHERE error IS NOT NULL")
        return {str(key): str(error) for key, error in rows}

    def find(self, prefix: str) -> Record:
        """The cell whose key begins so.

        Raises:
            ConfigurationError: If there is none, or more than one.
        """
        found = [record for record in self.records() if record.key.startswith(prefix)]
        if len(found) != 1:
            what = "several cells have keys that begin" if found else "no cell's key begins"
            raise ConfigurationError(f"{what} with {prefix!r}: `spectralkit bench ls` lists them")
        return found[0]

    def documents(self, keys: Iterable[str]) -> dict[str, Any]:
        """``metrics.json`` by key, of those that are done."""
        wanted = set(keys)
        rows = self.database.read("SELECT key, document FROM cells WHERE state = 'done'")
        with self._reading():
            return {str(key): json.loads(str(text)) for key, text in rows if key in wanted}

    def counts(self, keys: Iterable[str]) -> Counts:
        """How many of these cells are in which state."""
        wanted = set(keys)
        rows = self.database.read("SELECT key, state, worker FROM cells")
        states = self._seen((str(state), worker) for key, state, worker in rows if key in wanted)
        return Counts(**{name: states.count(name) for name in ("waiting", "running", "done", "failed")})

    def _seen(self, rows: Iterable[tuple[str, Any]]) -> list[str]:
        """States as they are: what a dead worker was to run waits."""
        found = list(rows)
        dead = self._dead(who for _, who in found)
        return ["waiting" if who in dead else state for state, who in found]

    def _dead(self, workers: Iterable[str | None]) -> set[str]:
        return {who for who in set(workers) if who and not worker.is_alive(self.directory / WORKERS, who)}

    @contextmanager
    def working(self) -> Iterator[str]:
        """The name of a new worker on this store."""
        with worker.working(self.directory / WORKERS) as name:
            yield name

    def claim(self, keys: Sequence[str], name: str) -> Cell | None:
        """The first of ``keys`` that waits or whose worker is dead, now the worker's; None where there is none."""
        order = {key: i for i, key in enumerate(keys)}
        with self.database.transaction() as connection:
            rows = connection.execute("SELECT key, worker FROM cells WHERE state IN ('waiting', 'running')").fetchall()
            free_of = {None} | self._dead(who for _, who in rows)
            free = [key for key, who in rows if key in order and who in free_of]
            if not free:
                return None
            key = min(free, key=order.__getitem__)
            config, facts = connection.execute("SELECT config, facts FROM cells WHERE key = ?", (key,)).fetchone()
            with self._reading():
                versions, weights = json.loads(facts)
                cell = Cell(key=key, config=RunConfig(**json.loads(config)), versions=versions, weights=weights)
            connection.execute("UPDATE cells SET state = 'running', worker = ? WHERE key = ?", (name, key))
        return cell

    def finish(self, key: str) -> None:
        """The cell's run directory is there.

        Raises:
            DataError: If it is not, or is damaged.
        """
        try:
            text = (self.place(key) / "metrics.json").read_text(encoding="utf-8")
            seconds = float(json.loads(text)["seconds"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"run directory {self.place(key)} is damaged: remove it and run again") from error
        self._set(key, "done", None, seconds, text)

    def fail(self, key: str, error: str) -> None:
        """The cell cannot be run, for a reason."""
        self._set(key, "failed", error)

    def give_back(self, key: str) -> None:
        """The cell waits again."""
        self._set(key, "waiting")

    def retry(self, keys: Iterable[str]) -> None:
        """Those of ``keys`` that have failed wait again."""
        with self.database.transaction() as connection:
            connection.executemany(
                "UPDATE cells SET state = 'waiting', error = NULL WHERE state = 'failed' AND key = ?",
                [(key,) for key in keys],
            )

    def remove(self, key: str) -> None:
        """Forget a cell and its run directory; a grid that it belongs to runs it anew.

        Raises:
            ConfigurationError: If it is running.
        """
        with self.database.transaction() as connection:
            state, who = connection.execute("SELECT state, worker FROM cells WHERE key = ?", (key,)).fetchone()
            if state == "running" and worker.is_alive(self.directory / WORKERS, who):
                raise ConfigurationError(f"cell {key[:12]} is being run by {who}: wait for it, or end that process")
            shutil.rmtree(self.place(key), ignore_errors=True)
            connection.execute("DELETE FROM cells WHERE key = ?", (key,))

    def _set(
        self, key: str, state: str, error: str | None = None, seconds: float | None = None, document: str | None = None
    ) -> None:
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE cells SET state = ?, worker = NULL, error = ?, seconds = ?, document = ? WHERE key = ?",
                (state, error, seconds, document, key),
            )
