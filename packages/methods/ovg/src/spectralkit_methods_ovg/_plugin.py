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
        ),
    )
