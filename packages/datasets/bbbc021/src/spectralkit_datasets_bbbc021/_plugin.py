"""Registration."""

from __future__ import annotations

from spectralkit.plugins import DatasetSpec, hookimpl


@hookimpl
def spectralkit_datasets() -> tuple[DatasetSpec, ...]:
    """BBBC021."""
    return (
        DatasetSpec(
            name="bbbc021",
            target="spectralkit_datasets_bbbc021.bbbc021:bbbc021",
            training="spectralkit_datasets_bbbc021.bbbc021:bbbc021",
            prepare="spectralkit_datasets_bbbc021.preparation:prepare",
            folders=("root",),
            summary="Fluorescence micrographs of MCF-7 cells from x8, x16 or x32: actin, tubulin and DNA as RGB",
            citation="Caie et al. 2010, BBBC021v1 (Ljosa et al. 2012); as in Spectral Collapse in Diffusion Inversion",
            licence="CC BY-NC-SA 3.0; the Broad Bioimage Benchmark Collection's page of BBBC021 has the terms",
            protocol="256x256 crops, nearest decimation; s-lf in RGB at 0.06 of Nyquist, s-hf by sym4; wells held out, "
            "trained unpaired: a well shows one resolution alone",
        ),
    )
