"""Registration."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """SDEdit."""
    return (
        MethodSpec(
            name="sdedit",
            target="spectralkit_methods_sdedit.sdedit:sdedit",
            summary="Noises the source to a middle level and samples from there; no inversion",
            citation='Meng et al. 2022, "SDEdit: Guided Image Synthesis and Editing"',
            stochastic=True,
            inverts=False,
            cost="0 F + repeats strength N F",
            state="x_t0",
        ),
    )
