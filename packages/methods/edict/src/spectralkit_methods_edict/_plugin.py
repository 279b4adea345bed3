"""Registration."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """EDICT."""
    return (
        MethodSpec(
            name="edict",
            target="spectralkit_methods_edict.edict:edict",
            summary="Inverts exactly by coupling two copies of the state that are moved in turn and mixed",
            citation='Wallace, Gokul & Naik 2023, "EDICT: Exact Diffusion Inversion via Coupled Transformations"',
            invertible=True,
            cost="2 N F + 2 N F",
            state="the pair (u, v)",
        ),
    )
