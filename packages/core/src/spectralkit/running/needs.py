"""What the metrics of an evaluation need to be there; looked for before anything large is imported."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import cast

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec

_OPTIONS = {"latent": ("latents", "--latents FILE")}
"""What an input is called where it is not a folder of its own name."""


def check_given(metrics: Iterable[str], given: Collection[str]) -> None:
    """Refuse metrics that need what is not there.

    Args:
        metrics: Registered names.
        given: Folders and files, by the names of their options.

    Raises:
        ConfigurationError: Naming the metric and the option.
        UnknownNameError: If there is no such metric.
    """
    for name in metrics:
        spec = cast(MetricSpec, registry().resolve("metric", name).spec)
        for needed in (*spec.inputs, *spec.facts):
            option, told = _OPTIONS.get(needed, (needed, f"--{needed} DIR"))
            if option not in given and option != "structure":
                raise ConfigurationError(f"metric '{name}' needs {told}: give it, or choose other --metrics")
