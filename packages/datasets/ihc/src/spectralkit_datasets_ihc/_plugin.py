"""Registration."""

from __future__ import annotations

from spectralkit.plugins import DatasetSpec, hookimpl


@hookimpl
def spectralkit_datasets() -> tuple[DatasetSpec, ...]:
    """Immunohistochemistry."""
    return (
        DatasetSpec(
            name="ihc",
            target="spectralkit_datasets_ihc.ihc:Ihc",
            training="spectralkit_datasets_ihc.training:IhcTraining",
            summary="Real histology (scikit-image) from x4, x8 or x16 low resolution, or from edges, on held-out tiles",
            citation="scikit-image, data.immunohistochemistry",
        ),
    )
