"""What is run for the page."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import attrs

from pages.options import SEEDS, add_runs, command
from pages.reproduction.roles import ROLES, Filled
from pages.reproduction.settings import DATASET, SETTINGS, Setting
from spectralkit.errors import ConfigurationError
from spectralkit.plugins.registry import registry
from spectralkit.running.config import RunConfig

METRICS = ("s-g", "s-dc", "s-hf", "s-lf", "psnr", "kd-lite0", "fd-lite0")


@attrs.frozen(kw_only=True)
class Plan:
    """The runs that the page is made from.

    Args:
        models: Who plays which role.
        settings: What is translated.
        seeds: Of all noise.
        samples: How many samples of the data set.
        steps: N, transitions each way.
        batch_size: Samples at a time; changes no score.
        cache: Where the run directories are kept.
    """

    models: tuple[Filled, ...]
    settings: tuple[Setting, ...] = tuple(SETTINGS.values())
    seeds: tuple[int, ...] = SEEDS
    samples: int = 64
    steps: int = 50
    batch_size: int = 32
    cache: Path = Path("runs/reproduction")

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
            models=tuple(each for model in models for each in (model, *model.quiet())),
            settings=tuple(setting for name, setting in SETTINGS.items() if name in arguments.settings),
            seeds=tuple(dict.fromkeys(arguments.seeds)),
            samples=arguments.samples,
            steps=arguments.steps,
            batch_size=arguments.batch_size,
            cache=arguments.resume_dir,
        )

    def config(self, model: Filled, setting: Setting, method: str, seed: int) -> RunConfig:
        """One run."""
        return RunConfig(
            **model.options(setting.settings),
            method=method,
            dataset=DATASET,
            scale=setting.scale,
            steps=self.steps,
            samples=self.samples,
            batch_size=self.batch_size,
            seed=seed,
            metrics=METRICS,
        )

    @property
    def command(self) -> str:
        """The command line that makes the page."""
        models = [m.role if m.role == m.source else f"{m.role}={m.source}" for m in self.models if not m.is_quiet]
        some = len(self.settings) < len(SETTINGS)
        settings = {"settings": [setting.name for setting in self.settings]} if some else {}
        numbers = {"samples": self.samples, "steps": self.steps, "seeds": self.seeds}
        return command("reproduction", {"models": models, **settings, **numbers})


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
    add_runs(parser, samples=64, cache=Path("runs/reproduction"))
    parser.add_argument("--only-page", action="store_true", help="run nothing: rewrite the page from what is on disk")
