"""Streams that are closed or full, disks that are full, folders that may not be entered: one line each, exit code 2."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TOY = ["--model", "gaussian", "--set", "model.process=toy", "--dataset", "toy", "--metrics", "toy-mse", "--quiet"]
RUN = ["run", *TOY, "--samples", "2", "--device", "cpu", "--steps", "2", "--out", "out"]


@pytest.fixture
def shell(started: Callable[..., Any]) -> Callable[..., tuple[int, str, str]]:
    """Runs a line of sh in which ``PROGRAM`` is the program."""

    def _shell(line: str, *words: str, **environment: str) -> tuple[int, str, str]:
        script = line.replace("PROGRAM", f"{sys.executable} -m spectralkit")
        with started("sh", "-c", script, "sh", *words, **environment) as running:
            return running.ended()

    return _shell


FULL = "spectralkit: error: cannot write to stdout: No space left on device: free some space or choose another place\n"
CLOSED = "spectralkit: error: {} is closed: redirect it to a file, or to /dev/null\n"


@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("command", ["--help", "--version", "plugins", "plugins --json", "methods"])
def test_a_full_stdout_is_told(command: str, buffered: str, shell) -> None:
    assert shell(f"PROGRAM {command} >/dev/full", PYTHONUNBUFFERED=buffered) == (2, "", FULL)


@pytest.mark.parametrize("command", ["--help", "plugins", "plugins --json", "nonsense"])
def test_a_closed_stdout_is_told(command: str, shell) -> None:
    assert shell(f"PROGRAM {command} >&-") == (2, "", CLOSED.format("stdout"))


def test_a_closed_stderr_is_told_on_stdout(shell) -> None:
    assert shell("PROGRAM plugins 2>&-") == (2, CLOSED.format("stderr"), "")
    code, out, err = shell("PROGRAM plugins --json 2>&-")
    assert (code, err) == (2, "")
    assert json.loads(out)["error"]["message"].startswith("stderr is closed")


def test_where_nothing_can_be_told_the_exit_code_tells(shell) -> None:
    for line in ("PROGRAM plugins >&- 2>&-", "PROGRAM nonsense 2>/dev/full", "PROGRAM nonsense --json 2>/dev/full"):
        code, out, err = shell(line)
        assert (code, err) == (2, "")
        assert not out or "error" in json.loads(out)


def test_a_full_stderr_does_not_stop_what_only_warns(here: Path, shell) -> None:
    words = [*RUN, "--method", "toy-doubtful"]
    assert shell('PROGRAM "$@" 2>/dev/full', *words) == (0, "", "")
    assert (here / "out" / "metrics.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["describe", "--json"], "ConfigurationError"),
        (["describe", "metric", "--json"], "ConfigurationError"),
        (["--json"], "ConfigurationError"),
        (["nonsense", "--json"], "UnknownNameError"),
        (["describe", "method", "nonsense", "--json"], "UnknownNameError"),
        (["run", "--json", "--steps", "many"], "ConfigurationError"),
        (["run", "--json", "--config", "nowhere.toml"], "ConfigurationError"),
        (["translate", "--json", "nowhere.png"], "DataError"),
    ],
)
def test_an_error_under_json_is_a_document_and_a_line(arguments: list[str], kind: str, here: Path, capsys) -> None:
    from spectralkit.cli.main import main

    assert main(arguments) == 2
    out, err = capsys.readouterr()
    error = json.loads(out)["error"]
    assert error["kind"] == kind
    assert err == f"spectralkit: error: {error['message']}\n"


@pytest.mark.parametrize("blocks", [0, 4, 8])
@pytest.mark.parametrize("option", ["--save-latents", "--quiet"])
def test_a_disk_that_is_full_leaves_nothing(option: str, blocks: int, here: Path, shell) -> None:
    """A limit on the size of files stands for the disk; it hits the weights, the table or the picture."""
    line = f'ulimit -f {blocks}; PROGRAM "$@"'
    code, out, err = shell(line, *RUN, option, "--set", "dataset.count=300", "--samples", "300")
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert "cannot write to output directory out: File too large" in err
    assert list(here.iterdir()) == []


def test_saving_weights_on_a_full_disk_is_an_error_of_the_system(tmp_path: Path) -> None:
    import torch

    from spectralkit.models.pretrained import save_tensors

    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most[1]))  # stands for the disk, as above
    try:
        with pytest.raises(OSError, match="File too large"):
            save_tensors({"a": torch.zeros(10000)}, tmp_path / "weights")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert list(tmp_path.iterdir()) == []


NOBODY = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups", "--inh-caps=+dac_override"]


def can_be_nobody() -> bool:
    try:
        return subprocess.run([*NOBODY, "--ambient-caps=+dac_override", "true"], check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody may enter and write to; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.mark.skipif("not can_be_nobody()", reason="needs root and setpriv")
def test_without_home_or_name_a_run_warns_once_and_goes_on(here: Path, site: Path, open_folder: Path, started) -> None:
    temporary = open_folder
    command = [*NOBODY, "--ambient-caps=+dac_override", "env", "-u", "HOME", "-u", "USER", "-u", "LOGNAME"]
    program = [sys.executable, "-m", "spectralkit", *RUN, "--metrics", "s-dc,s-hf"]
    with started(*command, *program, TMPDIR=str(temporary)) as running:
        code, out, err = running.ended()
    folder = temporary / "spectralkit-12345"
    told = f"spectralkit: warning: there is no home directory, so caches lie in {folder}: set HOME to keep them\n"
    assert (code, out, err) == (0, "", told)
    assert [path.name for path in temporary.iterdir()] == [folder.name]
    assert {path.name for path in here.iterdir()} == {"out"}


@pytest.mark.skipif("not can_be_nobody()", reason="needs root and setpriv")
@pytest.mark.parametrize(
    "arguments", [["translate", "closed/a.png"], ["translate", "closed"], ["translate", "a.png", "--out", "closed/out"]]
)
def test_a_folder_that_may_not_be_entered_is_told(arguments: list[str], here: Path) -> None:
    """In a process that has imported everything before it gives its rights away."""
    (here / "a.png").write_text("")
    (here / "closed").mkdir()
    (here / "closed").chmod(0)
    script = "import os, sys; from spectralkit.cli.main import main; main(['translate', 'nowhere']); os.setuid(12345); "
    done = subprocess.run(
        [sys.executable, "-c", f"{script} sys.exit(main(sys.argv[1:]))", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    _, line = done.stderr.splitlines()
    assert done.returncode == 2
    assert "closed" in line
    assert "Permission denied: check who may read and write there" in line


def test_what_metrics_import_leaves_nothing_in_the_temporary_directory(tmp_path: Path, started) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with started(sys.executable, "-c", "import spectralkit.metric", TMPDIR=str(temporary)) as running:
        assert running.ended() == (0, "", "")
    assert list(temporary.iterdir()) == []
