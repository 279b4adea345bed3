"""States and files: whole or absent."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from spectralkit.errors import ConfigurationError, DataError
from spectralkit_models_training.state import read_state, replace, write_state

STATE: dict[str, Any] = {"step": 7, "module": {}, "average": {}, "optimiser": {}, "scaler": {}}


def test_a_state_comes_back_bitwise(tmp_path: Path) -> None:
    state = {**STATE, "module": {"w": torch.randn(3, 3)}, "optimiser": {"state": {0: {"step": torch.tensor(3.0)}}}}
    write_state(state, tmp_path / "state.pt")
    back = read_state(tmp_path / "state.pt")
    assert back["step"] == 7
    assert torch.equal(back["module"]["w"], state["module"]["w"])
    assert os.listdir(tmp_path) == ["state.pt"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "state.pt"
    replace(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(ConfigurationError, match=r"cannot write .*state\.pt: File too large: choose a place"):
            replace(path, b"new" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["state.pt"]


def test_who_is_stopped_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(descriptor: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "samples.png"
    replace(path, b"old")
    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["samples.png"]


def test_a_state_of_a_gpu_is_read_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.arange(5.0)
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
        write_state({**STATE, "module": {"w": values}}, tmp_path / "state.pt")
    read = read_state(tmp_path / "state.pt")["module"]["w"]
    assert read.device.type == "cpu"
    assert torch.equal(read, values)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"nonsense" * 100, pickle.dumps(print)])
def test_what_is_no_state_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.pt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"state\.pt is (damaged|no state of a training): choose another --out"):
        read_state(path)


def test_a_bit_that_turned_over_is_seen(tmp_path: Path) -> None:
    """Or it lies where it means nothing."""
    path, values = tmp_path / "state.pt", torch.arange(5000.0)
    write_state({**STATE, "module": {"w": values}}, path)
    whole, refused = path.read_bytes(), 0
    for place in range(0, len(whole), 97):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        try:
            assert torch.equal(read_state(path)["module"]["w"], values)
        except DataError:
            refused += 1
    assert refused > 150


@pytest.mark.parametrize("state", [[1], {}, {**STATE, "step": -1}, {**STATE, "step": "7"}])
def test_a_file_of_other_things_is_no_state(tmp_path: Path, state: Any) -> None:
    torch.save(state, tmp_path / "state.pt")
    with pytest.raises(DataError, match="is no state of a training"):
        read_state(tmp_path / "state.pt")


def test_a_missing_state_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*state\.pt: No such file"):
        read_state(tmp_path / "state.pt")


def test_no_code_is_run_from_a_state(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "harm"),)

    torch.save({"step": Evil()}, tmp_path / "state.pt")
    with pytest.raises(DataError, match="is no state of a training"):
        read_state(tmp_path / "state.pt")
    assert not (tmp_path / "harm").exists()
