"""What a plugin says of itself: frozen values that name code without importing it.

``target`` is ``"module:attribute"`` and is imported only when the thing is used, so that listing plugins needs neither
torch nor diffusers. Parameters, their types, defaults and meaning are read from the target's signature and docstring.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Any, ClassVar

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import brief

NAME = re.compile(r"[a-z][a-z0-9-]*")
TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


LONGEST_NAME = 100
LONGEST_TEXT = 2000
MOST_ALIASES = 100


def _tuple(names: Any) -> Any:
    """A tuple, of an endless iterable too; what lists no names is left to the validator."""
    try:
        return names if isinstance(names, str) else tuple(islice(names, MOST_ALIASES + 1))
    except TypeError:
        return names


def _refuse(instance: object, attribute: attrs.Attribute[Any], wanted: str, value: object) -> ConfigurationError:
    return ConfigurationError(f"{type(instance).__name__}.{attribute.name} must {wanted}, got {brief(value)}")


def _text(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    # Exactly a str: a subclass could change its mind after it has been looked at.
    if type(value) is not str or len(value) > LONGEST_TEXT:
        raise _refuse(instance, attribute, f"be text of at most {LONGEST_TEXT} characters", value)


def _name(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not str or not NAME.fullmatch(value) or len(value) > LONGEST_NAME:
        raise _refuse(instance, attribute, f"match {NAME.pattern}, at most {LONGEST_NAME} characters", value)


def _name_or_none(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not str or value:
        _name(instance, attribute, value)


def _target(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not str or not TARGET.fullmatch(value) or len(value) > LONGEST_TEXT:
        raise _refuse(instance, attribute, "read 'module:attribute'", value)


def _names(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not tuple or len(value) > MOST_ALIASES:
        raise _refuse(instance, attribute, f"be a tuple of names, at most {MOST_ALIASES}", value)
    for item in value:
        _name(instance, attribute, item)


def _patterns(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not tuple or len(value) > MOST_ALIASES or any(type(x) is not str or not x for x in value):
        raise _refuse(instance, attribute, f"be a tuple of file names, at most {MOST_ALIASES}", value)


def _some_of(*known: str) -> Callable[[object, attrs.Attribute[Any], object], None]:
    """A validator of tuples of these."""

    def validate(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if type(value) is not tuple or any(type(item) is not str or item not in known for item in value):
            raise _refuse(instance, attribute, f"be a tuple, of {', '.join(map(repr, known))}", value)

    return validate


def _bool_or_none(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is not None and type(value) is not bool:
        raise _refuse(instance, attribute, "be True, False or None", value)


def _bool(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not bool:
        raise _refuse(instance, attribute, "be True or False", value)


def _pairs(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    pairs = value if type(value) is tuple else (None,)
    if not all(type(pair) is tuple and len(pair) == 2 and type(pair[0]) is str for pair in pairs):
        raise _refuse(instance, attribute, "be a tuple of (name, value) pairs", value)


def _bounds(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    ends = value if type(value) is tuple else ()
    if len(ends) != 2 or not all(type(end) in (int, float) for end in ends) or not ends[0] < ends[1]:
        raise _refuse(instance, attribute, "be the smallest and the largest value", value)


def _best(instance: MetricSpec, attribute: attrs.Attribute[Any], value: float | None) -> None:
    low, high = instance.range
    if value is not None and (type(value) not in (int, float) or not low <= value <= high):
        raise _refuse(instance, attribute, f"lie in the range [{low:g}, {high:g}]", value)
    if value is not None and instance.higher_is_better is not None:
        raise _refuse(instance, attribute, "be left out where higher_is_better says it", value)


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
    product: ClassVar[str]
    """``"module:attribute"`` of the class that the target's product is of; a command is its target itself."""

    name: str = attrs.field(validator=_name)
    target: str = attrs.field(validator=_target)
    summary: str = attrs.field(validator=_text)
    aliases: tuple[str, ...] = attrs.field(default=(), converter=_tuple, validator=_names)
    citation: str = attrs.field(default="", validator=_text)
    preset: tuple[tuple[str, object], ...] = attrs.field(default=(), validator=_pairs)


@attrs.frozen(kw_only=True)
class ParameterizationSpec(Spec):
    """``target(**parameters)`` builds a :class:`spectralkit.diffusion.process.Process`."""

    kind: ClassVar[str] = "parameterization"
    product: ClassVar[str] = "spectralkit.diffusion.process:Process"


@attrs.frozen(kw_only=True)
class MethodSpec(Spec):
    """``target(**parameters)`` builds :class:`spectralkit.inversion.parts.Parts`.

    Args:
        stochastic: Whether the result depends on the seed beyond the process's own entry noise.
        invertible: Whether sampling under the source condition returns the input to round-off.
        inverts: False for methods whose latent is not the image of an inversion (SDEdit).
        trained: Whether it was trained for a pair of a model's conditions, and so refuses any other pair.
        cost: Forwards F and backwards B as a formula in the number of steps N, inversion + sampling.
        state: What inversion hands to sampling.
    """

    kind: ClassVar[str] = "method"
    product: ClassVar[str] = "spectralkit.inversion.parts:Parts"

    stochastic: bool = attrs.field(default=False, validator=_bool)
    invertible: bool = attrs.field(default=False, validator=_bool)
    inverts: bool = attrs.field(default=True, validator=_bool)
    trained: bool = attrs.field(default=False, validator=_bool)
    cost: str = attrs.field(default="N F + N F", validator=_text)
    state: str = attrs.field(default="x_T", validator=_text)


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
        best: The best score, where it lies between others and is known.
    """

    kind: ClassVar[str] = "metric"
    product: ClassVar[str] = "spectralkit.metric:Score"

    inputs: tuple[str, ...] = attrs.field(
        converter=_tuple,
        validator=_some_of("source", "reference", "generated", "latent"),
    )
    facts: tuple[str, ...] = attrs.field(
        default=(),
        converter=_tuple,
        validator=_some_of("targets", "structure"),
    )
    higher_is_better: bool | None = attrs.field(validator=_bool_or_none)
    range: tuple[float, float] = attrs.field(default=(0.0, 1.0), validator=_bounds)
    best: float | None = attrs.field(default=None, validator=_best)

    @property
    def better(self) -> str:
        """Which score is better, in a word: ``higher``, ``lower``, ``near 1``, or that nearer to a ``target``."""
        target = "target" if self.best is None else f"near {self.best:g}"
        return {True: "higher", False: "lower", None: target}[self.higher_is_better]


@attrs.frozen(kw_only=True)
class ModelSpec(Spec):
    """``target(**parameters)`` builds a :class:`spectralkit.models.model.Model`.

    Args:
        dataset: Name of the data set the checkpoint was trained on, the default of ``--dataset``; empty where unknown.
        fitted: Whether the model is fitted to the data set at hand and so takes it as ``dataset=``.
        files: Names or glob patterns; a directory that holds any of them can be given in the model's place. The target
            takes it as ``directory=``, with what the network is to run in as ``dtype=`` (a torch.dtype or None).
    """

    kind: ClassVar[str] = "model"
    product: ClassVar[str] = "spectralkit.models.model:Model"

    dataset: str = attrs.field(validator=_name_or_none)
    fitted: bool = attrs.field(default=False, validator=_bool)
    files: tuple[str, ...] = attrs.field(default=(), converter=_tuple, validator=_patterns)


@attrs.frozen(kw_only=True)
class DatasetSpec(Spec):
    """``target(**parameters)`` builds a :class:`spectralkit.data.TranslationDataset`.

    Args:
        training: ``"module:attribute"`` building a :class:`spectralkit.data.TrainingSet`, where there is one.
    """

    kind: ClassVar[str] = "dataset"
    product: ClassVar[str] = "spectralkit.data:TranslationDataset"

    training: str | None = attrs.field(default=None, validator=attrs.validators.optional(_target))


@attrs.frozen(kw_only=True)
class CommandSpec(Spec):
    """``target`` is a :class:`spectralkit.cli.command.Command`; the module behind it imports torch only in ``run``."""

    kind: ClassVar[str] = "command"
    product: ClassVar[str] = "spectralkit.cli.command:Command"


KINDS: dict[str, type[Spec]] = {
    spec.kind: spec for spec in (ParameterizationSpec, MethodSpec, MetricSpec, ModelSpec, DatasetSpec, CommandSpec)
}
