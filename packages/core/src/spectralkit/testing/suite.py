"""A plugin's whole suite of laws: as a pytest test in one line, or checked in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from importlib import import_module
from typing import Any, cast

import attrs

from spectralkit.errors import ConfigurationError, SpectralkitError
from spectralkit.plugins.containment import contained
from spectralkit.plugins.registered import Registered, blame
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import Spec
from spectralkit.plugins.text import reason
from spectralkit.testing.law import Kit, Law

KITS = ("method", "metric", "model", "dataset", "parameterization")
"""The kinds that have laws; those of kind x are in the module ``spectralkit.testing.xs``."""


@attrs.frozen
class Verdict:
    """What came of one law.

    Args:
        law: The law.
        broken: Why it does not hold, one line; None where it does.
    """

    law: Law[Any]
    broken: str | None


@attrs.define(slots=False)
class Suite:
    """The laws of one registered thing.

    Args:
        registered: What is tested, and whose it is.
        kit: How its kind is tested.
        parameters: What it is built with.
    """

    registered: Registered
    kit: Kit
    parameters: dict[str, Any]

    @property
    def spec(self) -> Spec:
        """What its plugin declares."""
        return self.registered.spec

    @cached_property
    def subject(self) -> Any:
        """What the laws are verified on, built once."""
        with blame(self.registered):
            return self.kit.prepare(self.spec, self.parameters)

    @property
    def laws(self) -> tuple[Law[Any], ...]:
        """The laws that the declared capabilities choose."""
        return self.kit.laws(self.spec)

    def check(self) -> Iterator[Verdict]:
        """Verify every law on the examples of the first seeds.

        Raises:
            SpectralkitError: If the thing cannot be built.
        """
        subject = self.subject
        for law in self.laws:
            yield Verdict(law, _broken(law, subject))


class _BreachError(SpectralkitError):
    """Whatever a plugin raises is a breach of the law at hand."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(reason(error))


def _broken(law: Law[Any], subject: Any) -> str | None:
    try:
        with contained(_BreachError):
            for seed in range(law.examples):
                law.verify(subject, seed)
    except _BreachError as breach:
        return str(breach)
    except SpectralkitError as error:
        return reason(error)
    return None


def suite(kind: str, name: str, /, **parameters: Any) -> Suite:
    """The suite of the thing of ``kind`` registered as ``name``, built with ``parameters``.

    A model's data set, where it needs parameters of its own, takes them as ``dataset={...}``.

    Raises:
        UnknownNameError: If nothing has the name.
        PluginError: If the plugin is broken or ambiguous.
        ConfigurationError: If the kind has no laws.
    """
    if kind not in KITS:
        raise ConfigurationError(f"there are no laws for the kind {kind!r}: choose one of {', '.join(KITS)}")
    kit = cast(Kit, import_module(f"spectralkit.testing.{kind}s").KIT)
    return Suite(registry().resolve(kind, name), kit, parameters)


def conformance(kind: str, name: str, /, **parameters: Any) -> Callable[..., None]:
    """A pytest test of everything that the kit demands of a plugin: one case a law, on examples by Hypothesis.

    Write ``test_foo = conformance("method", "foo")`` in a test module; it needs ``spectralkit[testing]``.

    Args:
        kind: ``method``, ``metric``, ``model``, ``dataset`` or ``parameterization``.
        name: The registered name.
        **parameters: What it is built with; a model's ``dataset={...}`` is what its data set is built with.

    Raises:
        UnknownNameError: If nothing has the name.
    """
    import pytest
    from hypothesis import given, settings

    from spectralkit.testing.strategies import seeds

    tested = suite(kind, name, **parameters)

    cases = pytest.mark.parametrize("law", tested.laws, ids=lambda law: law.name)

    def test(law: Law[Any]) -> None:
        @settings(max_examples=law.examples, deadline=None)
        @given(seed=seeds())
        def holds(seed: int) -> None:
            law.verify(tested.subject, seed)

        holds()

    return cast(Callable[..., None], cases(test))
