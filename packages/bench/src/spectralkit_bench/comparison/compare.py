"""A comparison: every method and seed a run, and a table and a picture of them.

Model, data set and metrics are loaded once. What draws nothing is run once; the runs lie in ``runs/``, each of them a
run directory of its own. Until all are done they are kept beside the results (see
:mod:`spectralkit_bench.comparison.keeping`), and a comparison that was stopped goes on with them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs

from spectralkit.cli.options import file_name
from spectralkit.errors import SpectralkitError
from spectralkit.plugins.registered import taking_part
from spectralkit.running.assembly import assemble
from spectralkit.running.claim import claim
from spectralkit.running.config import RunConfig
from spectralkit.running.document import as_toml
from spectralkit.running.loader import Keeping
from spectralkit.running.run import run_into
from spectralkit.running.watch import Unwatched, Watch
from spectralkit_bench.apart import apart
from spectralkit_bench.cells.identity import identify
from spectralkit_bench.cells.randomness import is_random
from spectralkit_bench.comparison.entry import Entry, check_methods, parts_of
from spectralkit_bench.comparison.keeping import Kept
from spectralkit_bench.comparison.picture import picture
from spectralkit_bench.comparison.relay import Relay
from spectralkit_bench.finished import Finished
from spectralkit_bench.tables.files import write_table
from spectralkit_bench.tables.notes import notes
from spectralkit_bench.tables.result import Result
from spectralkit_bench.tables.table import Table, tabulate

ASKED, RUNS = "compare.toml", "runs"
"""What was asked for, with the names of the runs in the order of the table, and where these lie."""


@attrs.frozen(kw_only=True)
class Plan:
    """What is compared.

    Args:
        base: All that the runs have in common.
        entries: The methods.
        seeds: Of all noise.
        save_latents: Whether the runs keep their latents.
        command: The command line, told with the table.
    """

    base: RunConfig
    entries: tuple[Entry, ...]
    seeds: tuple[int, ...]
    save_latents: bool = False
    command: str = ""

    def configs(self, entry: Entry) -> list[RunConfig]:
        """The runs of an entry, one a seed."""
        config = entry.config(self.base, parts_of(self.entries))
        return [attrs.evolve(config, seed=seed) for seed in self.seeds]


@attrs.frozen
class Compared:
    """An entry, run.

    Args:
        entry: Which.
        result: Its line of the table.
        places: Where its runs are kept, the first of them pictured; none of an entry that is refused.
    """

    entry: Entry
    result: Result
    places: dict[str, Path]


@taking_part()
def compare_into(directory: Path, plan: Plan, kept: Kept, watch: Watch | None = None) -> Table:
    """Compare; the table in all forms, ``grid.png``, what was asked for and the runs go into an empty ``directory``.

    A method that the model or the data set refuses is a line with the reason.

    Raises:
        SpectralkitError: If a name is unknown, nothing can be loaded, or every method is refused.
    """
    check_methods(plan.entries, plan.base)
    loader, relay = Keeping(), Relay(watch or Unwatched(), len(plan.entries) * len(plan.seeds))
    compared: list[Compared] = []
    refused: list[SpectralkitError] = []
    for entry in plan.entries:
        try:
            compared.append(_run(kept, plan, entry, loader, relay))
        except SpectralkitError as error:
            refused.append(error)
            result = Result(labels={"method": entry.told}, method=entry.method, refusals=(str(error),))
            compared.append(Compared(entry, result, {}))
    if len(refused) == len(plan.entries):
        raise refused[0]
    results = [one.result for one in compared]
    table = tabulate(_title(results), results, (*notes(results), *_origin(plan, compared, loader)))
    write_table(table, directory)
    shown = [(one.entry.told, next(iter(one.places.values()))) for one in compared if one.places]
    picture(table.title, shown, loader).save(directory / "grid.png")
    pairs = [pair for one in compared for pair in one.places.items()]
    places = dict(zip(apart(name for name, _ in pairs), (place for _, place in pairs), strict=True))
    refusals = {one.entry.told: one.result.refusals[0] for one in compared if one.result.refusals}
    methods = [entry.told for entry in plan.entries]
    asked = {"methods": methods, "seeds": plan.seeds, "runs": list(places), "refused": refusals}
    common = {name: value for name, value in plan.base.as_table().items() if name not in ("method", "seed")}
    (directory / ASKED).write_bytes(as_toml({**asked, "run": common}))
    (directory / RUNS).mkdir()
    for name, place in places.items():  # last of all: one that is killed before finds them where they were
        os.rename(place, directory / RUNS / name)
    return table


def _run(kept: Kept, plan: Plan, entry: Entry, loader: Keeping, relay: Relay) -> Compared:
    """The runs of an entry."""
    configs = plan.configs(entry)
    if not is_random(entry.method, assemble(configs[0], loader).model):
        relay.fewer(len(configs) - 1)
        configs = configs[:1]
    documents, places = {}, {}
    for config in configs:
        place = kept.place(identify(config, loader))
        if place.is_dir():
            relay.fewer(1)
        else:
            relay.tell([f"{entry.told}, seed {config.seed}"])
            with claim([place]) as claimed:
                run_into(claimed.directory, config, save_latents=plan.save_latents, watch=relay, loader=loader)
            relay.finish_run()
        documents[config.seed] = Finished.read(place, loader).document
        places[file_name((entry.told, f"seed{config.seed}"))] = place
    return Compared(entry, Result(labels={"method": entry.told}, method=entry.method, documents=documents), places)


def _origin(plan: Plan, compared: list[Compared], loader: Keeping) -> Iterator[str]:
    """How long the model was trained, where it says so, and what made the table."""
    done = next(one for one in compared if one.places)
    model = assemble(plan.configs(done.entry)[0], loader).model
    steps = model.provenance.get("training", {}).get("steps")
    if steps is not None:
        yield f"model {model.name}: {steps} training steps"
    if plan.command:
        yield f"made by `{plan.command}`"


def _title(results: list[Result]) -> str:
    config = next(document for result in results for document in result.documents.values())["config"]
    scale = f" x{config['scale']}" if "scale" in config else ""
    return f"{config['model']} on {config['dataset']}{scale}"
