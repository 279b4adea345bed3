"""Registration."""

from __future__ import annotations

from spectralkit.plugins import DatasetSpec, hookimpl


@hookimpl
def spectralkit_datasets() -> tuple[DatasetSpec, ...]:
    """Folders."""
    return (
        DatasetSpec(
            name="folder",
            target="spectralkit_datasets_folder.folder:folder",
            training="spectralkit_datasets_folder.folder:folder",
            folders=("source", "target", "reference"),
            summary="Own pictures: two folders, unpaired or paired by name, or one folder and a degradation of it",
            licence="That of the pictures",
            protocol="A share of the files, by their content, is held out and translated; trained unpaired on others",
        ),
    )
