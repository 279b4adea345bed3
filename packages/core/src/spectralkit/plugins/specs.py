"""What a plugin says of itself: frozen values that name code without importing it.

``target`` is ``"module:attribute"`` and is imported only when the thing is used, so that listing plugins needs neither
torch nor diffusers. Parameters, their types, defaults and meaning are read from the target's signature and docstring.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, ClassVar

import attrs

from spectralkit.plugins import fields


def _best(instance: MetricSpec, attribute: attrs.Attribute[Any], value: float | None) -> None:
    low, high = instance.range
    if value is not None and (type(value) not in (int, float) or not low <= value <= high):
        raise fields.refusal(instance, attribute, f"lie in the range [{low:g}, {high:g}]", value)
    if value is not None and instance.higher_is_better is not None:
        raise fields.refusal(instance, attribute, "be left out where higher_is_better says it", value)


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

    name: str = attrs.field(validator=fields.name)
    target: str = attrs.field(validator=fields.target)
    summary: str = attrs.field(validator=fields.text)
    aliases: tuple[str, ...] = attrs.field(default=(), converter=fields.as_tuple, validator=fields.names)
    citation: str = attrs.field(default="", validator=fields.text)
    preset: tuple[tuple[str, object], ...] = attrs.field(default=(), validator=fields.pairs)


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
        diagnostics: What the values mean that it records, in a sentence each, as (name, meaning) pairs; a name may be
            a pattern like ``"renoise/log-residual-*"``.
    """

    kind: ClassVar[str] = "method"
    product: ClassVar[str] = "spectralkit.inversion.parts:Parts"

    stochastic: bool = attrs.field(default=False, validator=fields.boolean)
    invertible: bool = attrs.field(default=False, validator=fields.boolean)
    inverts: bool = attrs.field(default=True, validator=fields.boolean)
    trained: bool = attrs.field(default=False, validator=fields.boolean)
    cost: str = attrs.field(default="N F + N F", validator=fields.text)
    state: str = attrs.field(default="x_T", validator=fields.text)
    diagnostics: tuple[tuple[str, str], ...] = attrs.field(
        default=(), converter=fields.as_tuple, validator=fields.meanings
    )

    def meaning(self, diagnostic: str) -> str:
        """What a value means that it records; empty where it does not say."""
        return next((told for name, told in self.diagnostics if fnmatchcase(diagnostic, name)), "")


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
        question: What the score asks, in a sentence for a reader who does not know its formula.
        yardstick: What known things score: white noise, a real image; in a sentence or two.
        lacks: ``"module:attribute"`` of a function of those of the target's parameters that matter, which imports no
            torch; it returns in a sentence what is absent on this machine (a file of weights) and how to bring it, or
            None. A metric that lacks something is refused before anything is loaded.
    """

    kind: ClassVar[str] = "metric"
    product: ClassVar[str] = "spectralkit.metric:Score"

    inputs: tuple[str, ...] = attrs.field(
        converter=fields.as_tuple,
        validator=fields.some_of("source", "reference", "generated", "latent"),
    )
    facts: tuple[str, ...] = attrs.field(
        default=(),
        converter=fields.as_tuple,
        validator=fields.some_of("targets", "structure"),
    )
    higher_is_better: bool | None = attrs.field(validator=fields.boolean_or_none)
    range: tuple[float, float] = attrs.field(default=(0.0, 1.0), validator=fields.bounds)
    best: float | None = attrs.field(default=None, validator=_best)
    question: str = attrs.field(default="", validator=fields.text)
    yardstick: str = attrs.field(default="", validator=fields.text)
    lacks: str | None = attrs.field(default=None, validator=attrs.validators.optional(fields.target))

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
        shape: (C, H, W) of its images, where no parameter changes it: what does not fit is told before it is loaded.
        shape_of: The same of a directory: ``"module:attribute"`` of a function of the target's ``directory`` and
            parameters, which imports no torch; it returns None where only loading tells.
    """

    kind: ClassVar[str] = "model"
    product: ClassVar[str] = "spectralkit.models.model:Model"

    dataset: str = attrs.field(default="", validator=fields.name_or_none)
    fitted: bool = attrs.field(default=False, validator=fields.boolean)
    files: tuple[str, ...] = attrs.field(default=(), converter=fields.as_tuple, validator=fields.patterns)
    shape: tuple[int, int, int] | None = attrs.field(default=None, validator=attrs.validators.optional(fields.shape))
    shape_of: str | None = attrs.field(default=None, validator=attrs.validators.optional(fields.target))


@attrs.frozen(kw_only=True)
class DatasetSpec(Spec):
    """``target(**parameters)`` builds a :class:`spectralkit.data.TranslationDataset`.

    Args:
        training: ``"module:attribute"`` building a :class:`spectralkit.data.TrainingSet`, where there is one.
        prepare: ``"module:attribute"`` of a :class:`spectralkit.data.Preparation`, where a download is to be validated
            and indexed before it is used.
        folders: Parameters of the target that name folders; one that is not there is told before anything is imported.
        licence: Under which its images may be used.
        protocol: How results on it are obtained: what is held out, at what size, compared how.
    """

    kind: ClassVar[str] = "dataset"
    product: ClassVar[str] = "spectralkit.data:TranslationDataset"

    training: str | None = attrs.field(default=None, validator=attrs.validators.optional(fields.target))
    prepare: str | None = attrs.field(default=None, validator=attrs.validators.optional(fields.target))
    folders: tuple[str, ...] = attrs.field(default=(), converter=fields.as_tuple, validator=fields.keywords)
    licence: str = attrs.field(default="", validator=fields.text)
    protocol: str = attrs.field(default="", validator=fields.text)


@attrs.frozen(kw_only=True)
class CommandSpec(Spec):
    """``target`` is a :class:`spectralkit.cli.command.Command`; the module behind it imports torch only in ``run``."""

    kind: ClassVar[str] = "command"
    product: ClassVar[str] = "spectralkit.cli.command:Command"


KINDS: dict[str, type[Spec]] = {
    spec.kind: spec for spec in (ParameterizationSpec, MethodSpec, MetricSpec, ModelSpec, DatasetSpec, CommandSpec)
}
