"""The page of the classes that plugin authors meet: fields, types and meaning, read from the classes themselves."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from itertools import pairwise
from types import FunctionType
from typing import Any

import attrs

from pages.markdown import code, table
from spectralkit.cli.command import Command
from spectralkit.data import Sample, TrainingSet, TranslationDataset
from spectralkit.diffusion.denoiser import Condition, Denoiser, NetworkDenoiser
from spectralkit.diffusion.parameterization import Affine, Parameterization
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import Level, LevelBatch, Schedule
from spectralkit.inversion.context import Context
from spectralkit.inversion.meter import Cost, Meter
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import Correction, Encoded, Inversion, Parts, Sampler, Start, Step
from spectralkit.inversion.probe import Probe
from spectralkit.metric import MeanScore, Score, check_images, check_latent, check_parameters
from spectralkit.models.model import Codec, Model
from spectralkit.plugins.signature import arguments, type_name
from spectralkit.plugins.specs import KINDS, Spec

Described = type | FunctionType

GROUPS: dict[str, tuple[Described, ...]] = {
    "specs": (Spec, *KINDS.values()),
    "methods": (Parts, Start, Encoded, Step, Correction, Sampler, Inversion, Context, Probe, Noise, Meter, Cost),
    "processes": (Process, Schedule, Level, LevelBatch, Parameterization, Affine, Prediction),
    "models": (Model, Codec, Denoiser, NetworkDenoiser, Condition),
    "data": (TranslationDataset, Sample, TrainingSet),
    "metrics": (Score, MeanScore, check_images, check_latent, check_parameters),
    "commands": (Command,),
}
"""By section of the page, the classes and functions described in it."""

SPECIAL = ("__call__", "__add__", "__len__", "__getitem__")
"""Methods with underscores that are part of a contract."""


def sections() -> dict[str, Callable[[], str]]:
    """By name, what makes each section."""
    return {name: partial(section, described) for name, described in GROUPS.items()}


def section(described: tuple[Described, ...]) -> str:
    """One class or function after another."""
    return "\n\n".join(function(each) if isinstance(each, FunctionType) else entry(each) for each in described)


def function(told: FunctionType) -> str:
    """A function: where it is imported from, how it is called, and what its arguments mean."""
    called = code(_called(told.__name__, told))
    rows = [(code(name), prose(meaning)) for name, meaning in arguments(inspect.getdoc(told) or "").items()]
    return "\n\n".join((_head(told), called, _summary(told), table(("argument", "meaning"), rows)))


def entry(cls: type) -> str:
    """A class: where it is imported from, what it is, its fields and its members."""
    pieces = [_head(cls), _summary(cls)]
    if rows := list(_fields(cls)):
        pieces.append(table(("field", "type", "default", "meaning"), rows))
    if rows := list(_members(cls)):
        pieces.append(table(("member", "meaning"), rows))
    return "\n\n".join(pieces)


def _head(told: Described) -> str:
    """The name, and where it is imported from; a spec that is no kind is not."""
    return f"### {told.__name__}" + ("" if told is Spec else f"\n\n    from {_face(told)} import {told.__name__}")


def _summary(told: Described) -> str:
    """What the docstring says before the arguments."""
    return prose(re.split(r"\n(?:Args|Raises|Returns):\n", inspect.getdoc(told) or "")[0].strip())


def _face(told: Described) -> str:
    """The package that offers it by its name, or else the module that holds it."""
    package = told.__module__.rpartition(".")[0]
    return package if vars(import_module(package)).get(told.__name__) is told else told.__module__


def prose(text: str) -> str:
    """A docstring's markup as Markdown: references become the bare name."""
    named = re.sub(r":(?!mod)\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", text)
    return named.replace(":mod:", "").replace("``", "`")


def _fields(cls: type) -> Iterator[tuple[str, str, str, str]]:
    """Fields of its own, and for a spec not those that all specs have."""
    if not attrs.has(cls):
        return
    meanings = arguments(inspect.getdoc(cls) or "")
    for field in attrs.fields(cls):
        if not field.name.startswith("_") and not (field.inherited and issubclass(cls, Spec)):
            type_ = field.type if isinstance(field.type, str) else type_name(field.type)
            yield code(field.name), code(_or(type_)), _default(field), prose(meanings.get(field.name, ""))


def _default(field: attrs.Attribute[Any]) -> str:
    if field.default is attrs.NOTHING:
        return "required"
    return "empty" if isinstance(field.default, attrs.Factory) else code(repr(field.default))  # type: ignore[arg-type]


def _members(cls: type) -> Iterator[tuple[str, str]]:
    """Properties, methods and described class attributes of its own."""
    for name, told in _described(cls):
        yield code(name), prose(told)
    for name, member in vars(cls).items():
        if isinstance(member, property):
            returned = inspect.signature(member.fget).return_annotation  # type: ignore[arg-type]
            yield code(f"{name}: {_annotation(returned)}"), prose(_first(member.fget))
        elif inspect.isfunction(member) and (not name.startswith("_") or (name in SPECIAL and _is_written(cls, name))):
            yield code(_called(name, member)), prose(_first(member))


def _described(cls: type) -> Iterator[tuple[str, str]]:
    """Attributes of every instance with a string below them."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)
    for pair in pairwise(body.body):
        match pair:
            case ast.AnnAssign(target, annotation), ast.Expr(ast.Constant(told)) if "ClassVar" not in ast.dump(
                annotation
            ):
                yield _or(f"{ast.unparse(target)}: {ast.unparse(annotation)}"), str(told)


def _is_written(cls: type, name: str) -> bool:
    return f"def {name}(" in inspect.getsource(cls)


def _first(function: Any) -> str:
    """The first paragraph of its own docstring, in one line."""
    return " ".join(inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0].split())


def _called(name: str, function: Any) -> str:
    """``name(parameter: type = default) -> type``."""
    told = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "self":
            continue
        star = "*" * (parameter.kind is parameter.VAR_POSITIONAL) + "**" * (parameter.kind is parameter.VAR_KEYWORD)
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in told:
            told.append("*")
        told.append(f"{star}{parameter.name}: {_annotation(parameter.annotation)}{default}")
    return _returning(f"{name}({', '.join(told)})", function)


def _returning(called: str, function: Any) -> str:
    return f"{called} -> {_annotation(inspect.signature(function).return_annotation)}"


def _annotation(annotation: Any) -> str:
    return _or(annotation if isinstance(annotation, str) else type_name(annotation))


def _or(annotation: str) -> str:
    """A union without bars, which would end a cell."""
    return annotation.replace(" | ", " or ")
