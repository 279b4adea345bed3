"""Registration."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """Direct inversion."""
    return (
        MethodSpec(
            name="direct",
            target="spectralkit_methods_direct.direct:direct",
            summary="Corrects the source branch onto the inversion's trajectory; the target branch stays free",
            aliases=("pnp",),
            citation='Ju et al. 2024, "PnP Inversion: Boosting Diffusion-based Editing with 3 Lines of Code"',
            cost="N F + 2 N F (guided: N F + 4 N F)",
            state="N + 1 latents",
            diagnostics=(("direct/offset", "Length of what puts the source branch back onto the inversion's path"),),
        ),
    )
