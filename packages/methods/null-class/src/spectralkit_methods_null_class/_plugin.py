"""Registration."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """Null-class inversion."""
    return (
        MethodSpec(
            name="null-class",
            target="spectralkit_methods_null_class.null_class:null_class",
            summary="Optimises the null embedding until guided sampling retraces the inversion (guidance above 1)",
            aliases=("null-text",),
            citation='Mokady et al. 2023, "Null-text Inversion for Editing Real Images using Guided Diffusion Models"',
            cost="N F + N (4 F + k (F + B)), 1 <= k <= 10",
            state="N + 1 latents",
            diagnostics=(("null-class/inner-steps", "Updates of the null embedding that a sampling step needed"),),
        ),
    )
