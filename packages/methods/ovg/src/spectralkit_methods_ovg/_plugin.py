"""Registration."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """OVG."""
    return (
        MethodSpec(
            name="ovg",
            target="spectralkit_methods_ovg.ovg:ovg",
            summary="Restores the noise energy of each inversion step in directions that do not hurt the structure",
            citation='Bourriez, Verine & Genovesio, "Spectral Collapse in Diffusion Inversion"',
            cost="N (F + 2 B) + N F",
            diagnostics=(
                (
                    "ovg/conflict",
                    "Share of the inversion steps in which restoring energy would have hurt the structure",
                ),
                (
                    "ovg/ratio-hf",
                    "Length of the energy correction over that of the inversion step, before it is clipped",
                ),
                ("ovg/clipped-hf", "Share of the steps in which the energy correction was shortened to the clip"),
                ("ovg/ratio-lf", "Length of the structure correction over that of the step, before it is clipped"),
                ("ovg/clipped-lf", "Share of the steps in which the structure correction was shortened to the clip"),
            ),
        ),
    )
