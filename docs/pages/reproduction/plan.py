"""What is run for the page: studies, each a model in a setting."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import attrs

from pages.reproduction.results import Results
from pages.reproduction.roles import ROLES, Filled
from pages.reproduction.settings import DATASET, SETTINGS, Setting
from spectralkit.errors import ConfigurationError
from spectralkit.plugins.registry import registry
from spectralkit.running.config import RunConfig
from spectralkit_bench.grid.block import SEEDS, Block
from spectralkit_bench.grid.grid import Grid

METRICS = ("s-g", "s-dc", "s-hf", "s-lf", "psnr", "kd-lite0", "fd-lite0")


@attrs.frozen(kw_only=True)
class Plan:
    """The runs whose numbers are wanted.

    Args:
        models: Who plays which role.
        settings: What is translated.
        seeds: Of all noise.
        samples: How many samples of the data set.
        steps: N, transitions each way.
        batch_size: Samples at a time; changes no score.
        store: Where the runs are kept, and found again.
        workers: How many run at once, each a process of its own; None is this process.
    """

    models: tuple[Filled, ...]
    settings: tuple[Setting, ...] = tuple(SETTINGS.values())
    seeds: tuple[int, ...] = SEEDS
    samples: int = 64
    steps: int = 50
    batch_size: int = 32
    store: Path = Path("runs/reproduction")
    workers: int | None = None

    @classmethod
    def read(cls, arguments: argparse.Namespace) -> Plan:
        """The plan that a command line describes.

        Raises:
            ConfigurationError: If it names a role or a setting that no claim speaks of, or too few samples.
        """
        models = installed() if arguments.models is None else tuple(map(Filled.read, arguments.models))
        if len({model.role for model in models}) < len(models):
            raise ConfigurationError("a role is played twice: name each role once in --models")
        if arguments.samples < 2:
            raise ConfigurationError(f"a distance between sets needs 2 samples, got --samples {arguments.samples}")
        return cls(
            models=tuple(each for model in models for each in (model, *model.otherwise())),
            settings=tuple(setting for name, setting in SETTINGS.items() if name in arguments.settings),
            seeds=tuple(dict.fromkeys(arguments.seeds)),
            samples=arguments.samples,
            steps=arguments.steps,
            batch_size=arguments.batch_size,
            store=arguments.store,
            workers=arguments.workers,
        )

    def config(self, model: Filled, setting: Setting) -> RunConfig:
        """What the runs of a model in a setting have in common, but for their metrics."""
        settings = {**setting.settings, **model.settings}
        return RunConfig(model=model.source, dataset=DATASET, scale=setting.scale, settings=settings)

    def grid(self) -> Grid:
        """The runs, a block a study; roles name the models."""
        return Grid(name="reproduction", title="Reproduction", blocks=tuple(self._blocks()))

    def _blocks(self) -> Iterator[Block]:
        numbers = {name: getattr(self, name) for name in ("samples", "steps", "batch_size")}
        for setting in self.settings:
            scale = {"scale": (setting.scale,)} if setting.scale else {}
            for model in self.models:
                lists = {"dataset": (DATASET,), **scale, "model": (model.source,), "seed": self.seeds}
                yield Block(
                    where="the reproduction",
                    lists={**lists, "method": ROLES[model.role].methods},
                    options={**numbers, "metrics": METRICS, "settings": self.config(model, setting).settings},
                    section=setting.name,
                    names={model.source: model.role},
                )

    @property
    def nothing(self) -> Results:
        """What is known before anything is run."""
        return Results(samples=self.samples, steps=self.steps, seeds=self.seeds)


def installed() -> tuple[Filled, ...]:
    """The roles whose model is installed under the role's name."""
    return tuple(Filled(role, role) for role in roles() if role in registry().names("model"))


def roles() -> Iterator[str]:
    """The roles that a model can be named for."""
    return (name for name, role in ROLES.items() if role.of is None)


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of ``generate.py reproduction``."""
    parser.add_argument(
        "--models",
        nargs="+",
        action="extend",
        metavar="ROLE[=MODEL]",
        help=f"who plays which role, a registered name or a checkpoint directory; roles are {', '.join(roles())} "
        "(default: those that are installed)",
    )
    parser.add_argument(
        "--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS), help="what is translated (default: all)"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS), metavar="N", help="seeds of the noise")
    for option, kind, letter, meaning in (
        ("samples", int, "N", "samples of the data set"),
        ("steps", int, "N", "transitions each way"),
        ("batch_size", int, "N", "images at a time; changes no score"),
        ("store", Path, "DIR", "where runs are kept and found again"),
    ):
        default, name = attrs.fields_dict(Plan)[option].default, option.replace("_", "-")
        help_ = f"{meaning} (default: %(default)s)"
        parser.add_argument(f"--{name}", type=kind, default=default, metavar=letter, help=help_)
    parser.add_argument(
        "--workers", type=int, metavar="N", help="runs at once, each in a process of its own (default: in this one)"
    )
    parser.add_argument("--only-page", action="store_true", help="run nothing: rewrite the page from the kept numbers")
