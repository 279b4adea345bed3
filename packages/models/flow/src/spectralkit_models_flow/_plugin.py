"""Registration."""

from __future__ import annotations

from spectralkit.plugins import ParameterizationSpec, hookimpl


@hookimpl
def spectralkit_parameterizations() -> tuple[ParameterizationSpec, ...]:
    """Rectified flow."""
    return (
        ParameterizationSpec(
            name="flow",
            target="spectralkit_models_flow.parameterization:flow",
            summary="Velocity of the straight line from image to noise (rectified flow, flow matching)",
            citation='Liu, Gong & Liu 2023, "Flow Straight and Fast"; Esser et al. 2024 (shift, density)',
        ),
    )
