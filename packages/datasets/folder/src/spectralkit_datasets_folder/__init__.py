"""Own pictures as a data set, for spectralkit."""

from spectralkit_datasets_folder.folder import Folder, folder

__all__ = ["Folder", "folder"]
