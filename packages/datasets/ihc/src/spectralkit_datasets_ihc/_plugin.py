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
            licence="No known copyright restrictions (Center for Microscopy and Molecular Imaging)",
            protocol="64 held-out crops of 64 x 64 from four tiles; trained unpaired on six tiles a domain",
        ),
    )
