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
            training="spectralkit_datasets_ihc.ihc:IhcTraining",
            summary="Super-resolution of real histology (scikit-image), x4, x8 or x16, on a held-out strip",
            citation="scikit-image, data.immunohistochemistry",
        ),
    )
