"""Registration."""

from __future__ import annotations

from spectralkit.plugins import DatasetSpec, hookimpl


@hookimpl
def spectralkit_datasets() -> tuple[DatasetSpec, ...]:
    """Edges2Shoes."""
    return (
        DatasetSpec(
            name="edges2shoes",
            target="spectralkit_datasets_edges2shoes.edges2shoes:edges2shoes",
            training="spectralkit_datasets_edges2shoes.edges2shoes:edges2shoes",
            prepare="spectralkit_datasets_edges2shoes.preparation:prepare",
            folders=("root",),
            summary="Shoes from their edges: pix2pix's pairs of 256x256, trained on unpaired",
            citation="Isola et al. 2017, arXiv:1611.07004; photographs of UT Zappos50K (Yu & Grauman 2014)",
            licence="That of UT Zappos50K: academic, non-commercial use",
            protocol="256x256; s-lf at 0.06 of Nyquist on the non-white of the grey image, s-hf by sym4; the "
            "val folder held out, trained unpaired: odd numbers show edges, even ones shoes",
        ),
    )
