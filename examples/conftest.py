"""The examples are strangers here: the core's tests install them elsewhere and run their tests there."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("spectralkit_example") else ["*"]
