"""What a registered metric lacks on this machine, told without torch before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from spectralkit.errors import ConfigurationError
from spectralkit.plugins import signature
from spectralkit.plugins.registered import ContractError, Registered, blame
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec
from spectralkit.plugins.text import brief


def lacking(metric: Registered, parameters: Mapping[str, object]) -> str | None:
    """What is absent, and how to bring it, in a sentence; None where the metric can run.

    Args:
        metric: It.
        parameters: What it is to be built with; building judges those that the answer does not depend on.

    Raises:
        ConfigurationError: If a parameter that it depends on is wrong.
        PluginError: If its plugin cannot tell.
    """
    target = cast(MetricSpec, metric.spec).lacks
    if target is None:
        return None
    other = metric.aiming(target)
    tell = cast(Callable[..., object], registry().load(other))
    with blame(other):
        declared = {parameter.name: parameter for parameter in signature.read(tell)}
    try:
        given = signature.taken(declared, parameters)
    except ConfigurationError as error:
        raise ConfigurationError(f"{metric.label}: {error}") from None
    with blame(other):
        told = tell(**given)
        if told is not None and not isinstance(told, str):
            raise ContractError(tell, f"said {brief(told)}, expected text or None")
    return told
