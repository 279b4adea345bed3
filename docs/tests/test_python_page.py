"""Every snippet of the page on Python runs, alone, as a reader would paste it."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import torch

PAGE = Path(__file__).parents[1] / "python.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda text: text.splitlines()[-1][:40])
def test_a_snippet_runs(snippet, registering, monkeypatch, capsys):
    # The default back end needs a C++ compiler; what is tested is that a compiled network is a network.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    notebook = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", notebook)
    exec(snippet, vars(notebook))
    assert capsys.readouterr().out.strip()
