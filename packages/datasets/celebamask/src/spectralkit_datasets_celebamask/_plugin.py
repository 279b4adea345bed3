"""Registration."""

from __future__ import annotations

from spectralkit.plugins import DatasetSpec, hookimpl


@hookimpl
def spectralkit_datasets() -> tuple[DatasetSpec, ...]:
    """CelebAMask-HQ."""
    return (
        DatasetSpec(
            name="celebamask",
            target="spectralkit_datasets_celebamask.celebamask:celebamask",
            training="spectralkit_datasets_celebamask.celebamask:celebamask",
            prepare="spectralkit_datasets_celebamask.preparation:prepare",
            folders=("root",),
            summary="Faces from the outlines of their parts, or from their coloured part masks",
            citation="Lee et al. 2020, arXiv:1907.11922 (MaskGAN)",
            licence="Non-commercial research and education; CelebAMask-HQ's agreement has the terms",
            protocol="256x256; s-lf at 0.06 of Nyquist on the non-white of the grey image, s-hf by sym4; CelebA's test "
            "persons held out, trained unpaired: even numbers show the source, odd ones faces",
        ),
    )
