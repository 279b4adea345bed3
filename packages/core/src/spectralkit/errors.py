"""Errors that a user can cause, and that the command line prints as one line (exit code 2)."""

from __future__ import annotations

import errno
import os

_REMEDIES = {
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "a file is in the way of a folder, check the path",
    errno.EISDIR: "name a file",
    errno.ELOOP: "its links lead in a circle, check the path",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EACCES: "check who may read and write there",
    errno.EPERM: "check who may read and write there",
    errno.EROFS: "choose a place that can be written",
    errno.ENOSPC: "free some space or choose another place",
    errno.EDQUOT: "free some space or choose another place",
    errno.EFBIG: "choose a place that takes larger files",
}


class SpectralkitError(Exception):
    """Something the user asked for cannot be done; the message says what, where and what to do."""


class UnknownNameError(SpectralkitError):
    """A name that no installed plugin provides."""


class PluginError(SpectralkitError):
    """A plugin is broken, blocked or ambiguous."""


class ConfigurationError(SpectralkitError):
    """An option has an impossible value, or two options exclude one another."""


class DataError(SpectralkitError):
    """An image, checkpoint or data set is missing, corrupt or of the wrong shape."""


class HeldOutError(DataError):
    """A data set has no training images, for all there are are held out."""


class NonFiniteError(SpectralkitError):
    """A solver state or an input holds NaN or infinity."""


class SlotConflict(ConfigurationError):  # noqa: N818  (named for what it is, as the documentation does)
    """Two parts of an inversion method claim the same slot."""


def told(error: OSError) -> str:
    """What the operating system refused, and what to do about it; the path is for the caller to name."""
    remedy = _REMEDIES.get(error.errno or 0, "choose another place")
    if error.errno == errno.ENOENT and _adrift():
        remedy = "the current directory was deleted, change to another"
    return f"{error.strerror or error}: {remedy}"


def _adrift() -> bool:
    try:
        os.getcwd()
    except OSError:
        return True
    return False
