"""Looking weights up, refusing what they are not, and the command that tells."""

from __future__ import annotations

import json
from hashlib import file_digest, sha256
from io import BufferedReader
from pathlib import Path

import attrs
import pytest
import torch

from spectralkit.cli.main import main
from spectralkit.errors import DataError
from spectralkit_metrics_perceptual import weights
from spectralkit_metrics_perceptual.weights import KNOWN, VGG16, Weights, checkpoints, load


def place(folder: Path, content: object) -> Weights:
    """Save an object as a checkpoint whose name carries its hash."""
    file = folder / "model.pth"
    torch.save(content, file)
    digits = sha256(file.read_bytes()).hexdigest()[:8]
    file = file.rename(folder / f"model-{digits}.pth")
    return attrs.evolve(VGG16, file=file.name)


def test_the_folder_is_torchs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for names in ((), ("XDG_CACHE_HOME",), ("XDG_CACHE_HOME", "TORCH_HOME")):
        for name in ("XDG_CACHE_HOME", "TORCH_HOME"):
            monkeypatch.delenv(name, raising=False)
        for name in names:
            monkeypatch.setenv(name, str(tmp_path / name))
        assert checkpoints() == Path(torch.hub.get_dir()) / "checkpoints"


def test_an_intact_file_loads(empty_cache: Path) -> None:
    placed = place(empty_cache, {"a": torch.arange(3)})
    assert placed.status() == "present"
    assert load(placed)["a"].tolist() == [0, 1, 2]


def test_a_file_is_read_once_until_it_changes(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    placed, read = place(empty_cache, {"a": torch.arange(3)}), []

    def counting(stream: BufferedReader, name: str) -> object:
        read.append(name)
        return file_digest(stream, name)

    monkeypatch.setattr(weights, "file_digest", counting)
    assert [placed.status() for _ in range(3)] == ["present"] * 3
    assert len(read) == 1
    placed.path.write_bytes(b"another")
    assert placed.status() == "corrupt"


def test_absent_corrupt_and_foreign_files_are_refused(empty_cache: Path) -> None:
    with pytest.raises(DataError, match=rf"{VGG16.file} is not in {empty_cache}: place it there"):
        load(VGG16)
    VGG16.path.write_bytes(b"half a download")
    assert VGG16.status() == "corrupt"
    with pytest.raises(DataError, match="does not begin with 397923af: replace the file"):
        load(VGG16)
    with pytest.raises(DataError, match="holds no dictionary of tensors"):
        load(place(empty_cache, [1, 2]))


class Payload:
    """Would create a file if it were unpickled without restriction."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_no_code_is_executed(empty_cache: Path, tmp_path: Path) -> None:
    placed = place(empty_cache, {"a": Payload(tmp_path / "executed")})
    with pytest.raises(DataError, match="no readable checkpoint: UnpicklingError"):
        load(placed)
    assert not (tmp_path / "executed").exists()
    torch.load(placed.path, weights_only=False)
    assert (tmp_path / "executed").exists()  # the payload works; it was the loader that declined


def test_list_prints_one_document(empty_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    VGG16.path.write_bytes(b"anything")  # listing does not read files
    assert main(["weights", "list", "--json"]) == 0
    found = {entry["file"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert list(found) == [each.file for each in KNOWN]
    assert {file for file, entry in found.items() if entry["status"] == "present"} == {VGG16.file}
    assert found[VGG16.file]["path"] == str(empty_cache / VGG16.file)


def test_check_reads_the_files(
    empty_cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    VGG16.path.write_bytes(b"anything")
    assert main(["weights", "check"]) == 2
    captured = capsys.readouterr()
    assert "vgg16-397923af.pth (corrupt)" in captured.err
    assert "alexnet-owt-7be5be79.pth (absent)" in captured.err
    assert captured.err.count("\n") == 1
    for each in KNOWN:
        each.path.touch()
    monkeypatch.setattr(weights, "matches", lambda path, digits: True)
    assert main(["weights", "check"]) == 0


def test_where_prints_the_folder_and_an_action_is_required(
    empty_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", "where"]) == 0
    assert capsys.readouterr().out == f"{empty_cache}\n"
    assert main(["weights"]) == 2
