"""Errors that a user can cause, and that the command line prints as one line (exit code 2)."""

from __future__ import annotations


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


class NonFiniteError(SpectralkitError):
    """A solver state or an input holds NaN or infinity."""


class SlotConflict(ConfigurationError):  # noqa: N818  (named for what it is, as the documentation does)
    """Two parts of an inversion method claim the same slot."""
