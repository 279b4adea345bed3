"""What a plugin says of itself: frozen values that name code without importing it.

``target`` is ``"module:attribute"`` and is imported only when the thing is used, so that listing plugins needs neither
torch nor diffusers. Parameters, their types, defaults and meaning are read from the target's signature and docstring.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

import attrs

NAME = re.compile(r"[a-z][a-z0-9-]*")
TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def _tuple(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


def _name(instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError(f"{type(instance).__name__}.{attribute.name} must match {NAME.pattern}, got {value!r}")


def _target(instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not TARGET.fullmatch(value):
        raise ValueError(f"{type(instance).__name__}.{attribute.name} must read 'module:attribute', got {value!r}")


def _names(instance: object, attribute: attrs.Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    for item in value:
        if not NAME.fullmatch(item):
            raise ValueError(f"{type(instance).__name__}.{attribute.name} must match {NAME.pattern}, got {item!r}")


@attrs.frozen(kw_only=True)
class Spec:
    """What all kinds have in common.

    Args:
        name: Unique within its kind, lower case with digits and hyphens.
        target: ``"module:attribute"``, imported on use.
        summary: One line.
        aliases: Further names.
        citation: Where the thing comes from.
        preset: Arguments of the target that the name stands for, as (name, value) pairs; nobody else may set them.
    """

    kind: ClassVar[str]

    name: str = attrs.field(validator=_name)
    target: str = attrs.field(validator=_target)
    summary: str = attrs.field(validator=attrs.validators.instance_of(str))
    aliases: tuple[str, ...] = attrs.field(default=(), converter=_tuple, validator=_names)
    citation: str = attrs.field(default="", validator=attrs.validators.instance_of(str))
    preset: tuple[tuple[str, object], ...] = ()


@attrs.frozen(kw_only=True)
class ParameterizationSpec(Spec):
    """``target(**parameters)`` builds a :class:`spectralkit.diffusion.process.Process`."""

    kind: ClassVar[str] = "parameterization"


@attrs.frozen(kw_only=True)
class MethodSpec(Spec):
    """``target(**parameters)`` builds :class:`spectralkit.inversion.parts.Parts`.

    Args:
        stochastic: Whether the result depends on the seed beyond the process's own entry noise.
        invertible: Whether sampling under the source condition returns the input to round-off.
        inverts: False for methods whose latent is not the image of an inversion (SDEdit).
        cost: Forwards F and backwards B as a formula in the number of steps N, inversion + sampling.
        state: What inversion hands to sampling.
    """

    kind: ClassVar[str] = "method"

    stochastic: bool = False
    invertible: bool = False
    inverts: bool = True
    cost: str = "N F + N F"
    state: str = "x_T"


@attrs.frozen(kw_only=True)
class MetricSpec(Spec):
    """``target(**facts, **parameters)`` builds a :class:`spectralkit.metric.Score`.

    Args:
        inputs: What ``update`` takes, in this order: of ``source``, ``reference``, ``generated`` ((B, C, H, W) in
            [0, 1]) and ``latent`` ((B, C, H, W), unit-normalised).
        facts: What the constructor takes from the data set by keyword: of ``targets`` (a function returning an
            iterator of real target images) and ``structure``.
        higher_is_better: The metric's direction, as on its class; None where the best score lies between others.
        range: Smallest and largest value.
    """

    kind: ClassVar[str] = "metric"

    inputs: tuple[str, ...] = attrs.field(
        converter=_tuple,
        validator=attrs.validators.deep_iterable(attrs.validators.in_(("source", "reference", "generated", "latent"))),
    )
    facts: tuple[str, ...] = attrs.field(
        default=(),
        converter=_tuple,
        validator=attrs.validators.deep_iterable(attrs.validators.in_(("targets", "structure"))),
    )
    higher_is_better: bool | None = attrs.field(validator=attrs.validators.optional(attrs.validators.instance_of(bool)))
    range: tuple[float, float] = (0.0, 1.0)

    @property
    def better(self) -> str:
        """Which score is better, in a word: ``higher``, ``lower``, or that nearer to a ``target``."""
        return {True: "higher", False: "lower", None: "target"}[self.higher_is_better]


@attrs.frozen(kw_only=True)
class ModelSpec(Spec):
    """``target(**parameters)`` builds a :class:`spectralkit.models.model.Model`.

    Args:
        dataset: Name of the data set the checkpoint was trained on; the default of ``--dataset``.
        fitted: Whether the model is fitted to the data set at hand and so takes it as ``dataset=``.
    """

    kind: ClassVar[str] = "model"

    dataset: str = attrs.field(validator=_name)
    fitted: bool = False


@attrs.frozen(kw_only=True)
class DatasetSpec(Spec):
    """``target(**parameters)`` builds a :class:`spectralkit.data.TranslationDataset`.

    Args:
        training: ``"module:attribute"`` building a :class:`spectralkit.data.TrainingSet`, where there is one.
    """

    kind: ClassVar[str] = "dataset"

    training: str | None = attrs.field(default=None, validator=attrs.validators.optional(_target))


@attrs.frozen(kw_only=True)
class CommandSpec(Spec):
    """``target`` is a :class:`spectralkit.cli.command.Command`; the module behind it imports torch only in ``run``."""

    kind: ClassVar[str] = "command"


KINDS: dict[str, type[Spec]] = {
    spec.kind: spec for spec in (ParameterizationSpec, MethodSpec, MetricSpec, ModelSpec, DatasetSpec, CommandSpec)
}
