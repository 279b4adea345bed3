"""Registration."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """Negative-prompt inversion."""
    return (
        MethodSpec(
            name="negative-prompt",
            target="spectralkit_methods_negative_prompt.negative_prompt:negative_prompt",
            summary="Guides away from the source class instead of the null class (standard at guidance 1)",
            citation='Miyake et al. 2023, "Negative-prompt Inversion"',
            cost="N F + 2 N F",
        ),
    )
