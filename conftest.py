"""Settings of all tests: the same examples on every run; ``HYPOTHESIS_PROFILE=explore`` looks for new ones."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

# No deadline: the first call of anything in torch is slower than the rest by orders of magnitude.
settings.register_profile("reproducible", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "reproducible"))

pytest_plugins = ["pytester"]  # the conformance kit is itself a test that is tested

# A shell starts background jobs with SIGINT ignored, and children inherit that; the tests of Ctrl-C need it heard.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def registering(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test registers ends with it: other tests look at all there is."""
    monkeypatch.setattr("spectralkit.plugins.registry._REGISTERED", {})
