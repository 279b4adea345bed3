"""What runs are called in legends and captions: by what tells them apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from spectralkit.cli.options import model_name
from spectralkit.inversion.expression import parse
from spectralkit.plugins.text import counted, one_line
from spectralkit.running.config import RunConfig
from spectralkit.running.picture import shorten

LONGEST = 60


def labels(configs: Sequence[RunConfig]) -> list[str]:
    """A label for each run: its method, and what else is not the same in all of them but the seed."""
    models = _models(config.model for config in configs)
    facts = [{"model": models[config.model], **dict(_facts(config))} for config in configs]
    names = list(dict.fromkeys(name for fact in facts for name in fact))
    telling = [name for name in names if len({fact.get(name) for fact in facts}) > 1]
    told = [
        one_line(", ".join([config.method.replace(" ", ""), *(fact[name] for name in telling if name in fact)]))
        for config, fact in zip(configs, facts, strict=True)
    ]
    short = _shortened(told)
    return [short[name] for name in told]


def _shortened(names: Iterable[str]) -> dict[str, str]:
    """Each in at most :data:`LONGEST` letters; those of which the same would be left are numbered."""
    alike: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        alike.setdefault(shorten(name, LONGEST), []).append(name)
    return {
        name: short if len(same) == 1 else f"{shorten(name, LONGEST - 5)} ({number})"
        for short, same in alike.items()
        for number, name in enumerate(same, start=1)
    }


def _facts(config: RunConfig) -> Iterator[tuple[str, str]]:
    """What a run is, beside its model, its method and its seed, in words."""
    yield "data", str(config.dataset)
    for name, value in config.settings.get("dataset", {}).items():
        yield f"dataset.{name}", f"{name}={written(value)}"
    if config.scale is not None:
        yield "scale", f"x{config.scale}"
    yield "steps", f"{config.steps} steps"
    for name in ("source", "target", "guidance", "inversion_guidance", "label"):
        yield name, f"{name.replace('_', ' ')} {getattr(config, name)}"
    for part in ("model", *(term.name for term in parse(config.method))):
        for name, value in config.settings.get(part, {}).items():
            yield f"{part}.{name}", f"{part}.{name}={written(value)}"


def _models(named: Iterable[str]) -> dict[str, str]:
    """What models are called: the last part of a path, or all of it where that is the same for several."""
    alike: dict[str, list[str]] = {}
    for model in dict.fromkeys(named):
        alike.setdefault(model_name(model), []).append(model)
    return {model: name if len(same) == 1 else model for name, same in alike.items() for model in same}


def written(value: object) -> str:
    """A value in a line, whole: what is cut would be the same as another."""
    return one_line(repr(value))


def place(config: RunConfig) -> tuple[str, str, bool, str, int, str]:
    """What runs that nobody put in an order are sorted by: model, data, method, standard inversion first, seed."""
    rest = repr(sorted(config.as_table().items()))
    return config.model, setting_of(config), config.method != "standard", config.method, config.seed, rest


def family(config: RunConfig) -> str:
    """The methods that a run composes, whatever their parameters."""
    return "+".join(term.name for term in parse(config.method))


def data_of(config: RunConfig) -> str:
    """The data set, as it was configured."""
    options = config.settings.get("dataset", {})
    return " ".join([str(config.dataset), *(f"{name}={written(value)}" for name, value in options.items())])


def setting_of(config: RunConfig) -> str:
    """The data set and its degradation."""
    return data_of(config) if config.scale is None else f"{data_of(config)} x{config.scale}"


def told(configs: Sequence[RunConfig], counts: Iterable[int]) -> str:
    """What the runs of a figure are, in a sentence: models, data, steps, seeds, N."""
    models = _listed(model_name(config.model) for config in configs)
    data = _listed(map(setting_of, configs))
    steps, seeds = _listed(str(config.steps) for config in configs), _listed(str(config.seed) for config in configs)
    numbers = _listed(map(str, counts))
    return f"Model {models} on {data}, {counted(steps, 'step')}, seed {seeds}; N = {numbers} a run."


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))
