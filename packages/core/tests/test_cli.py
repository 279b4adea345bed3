"""The program: its commands, one-line errors, exit codes, and output that a program can read."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spectralkit.cli.main import main
from spectralkit.cli.output import json_only, print_json, print_table

COMMAND = """
@hookimpl
def spectralkit_commands():
    return [CommandSpec(name="act", target="acme_act:command", summary="Act 100% at once")]

def __getattr__(name):
    if name != "command":
        raise AttributeError(name)
    from spectralkit.cli.command import Command
    return Command(configure, run)

def configure(parser):
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=1)

def run(args):
"""


def acting(body: str) -> str:
    return COMMAND + "\n".join(f"    {line}" for line in body.splitlines())


def search_path(site: Path) -> str:
    """``PYTHONPATH`` with a stranger's plugin in front."""
    return os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))


def program(*arguments: str, site: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    path = {"PYTHONPATH": search_path(site)} if site else {}
    return subprocess.run(
        [sys.executable, "-m", "spectralkit", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **path, **environment},
        check=False,
    )


def only_line(captured: pytest.CaptureFixture[str]) -> str:
    """The one line that was printed, on stderr."""
    out, err = captured.readouterr()
    assert out == ""
    assert err.endswith("\n")
    line = err[:-1]
    assert line.isprintable()
    return line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["--nonsense"], "COMMAND"),
        (["plugns"], "unknown command 'plugns': did you mean 'plugins'?"),
        (["weihgts"], "did you mean 'weights'"),
        (["infer"], "unknown command 'infer'"),
        (["plugins", "--jsn"], "unrecognized arguments: --jsn"),
        (["plugins", "--js"], "unrecognized arguments: --js"),  # options are not abbreviated
        (["plugins", "\x1b[31mred"], r"\x1b[31mred"),
        (["\x1b[31mred"], r"\x1b[31mred"),
        (["two\nlines"], "two lines"),
        (["describe"], "KIND, NAME"),
        (["describe", "methods", "ovg"], "invalid choice: 'methods'"),
        (["describe", "command", "plugins"], "invalid choice: 'command'"),
        (["describe", "method", "standrd"], "did you mean 'standard'?"),
        (["describe", "metric", "\x07"], r"\x07"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments, told, capsys):
    assert main(arguments) == 2
    line = only_line(capsys)
    assert line.startswith("spectralkit: error: ")
    assert told in line


def test_a_defect_of_the_kit_is_one_line_and_exit_code_1(capsys, monkeypatch):
    def fail(*arguments: object) -> None:
        raise RuntimeError("one\ntwo")

    monkeypatch.setattr("spectralkit.cli.plugins.print_table", fail)
    assert main(["plugins"]) == 1
    assert only_line(capsys) == (
        "spectralkit: error: RuntimeError: one two (a defect: SPECTRALKIT_DEBUG=1 shows where)"
    )


@pytest.mark.parametrize("raised", ["RuntimeError('one\\ntwo')", "GeneratorExit('one two')"])
def test_a_defect_of_a_strangers_command_is_the_strangers(raised, install, capsys):
    install("acme-act", "act", acting(f"raise {raised}"))
    assert main(["act"]) == 2
    told = f"{raised.partition('(')[0]}: one two (SPECTRALKIT_DEBUG=1 shows where)"
    assert only_line(capsys) == f"spectralkit: error: command 'act' of acme-act 1.0 failed: {told}"


def test_a_command_that_returns_no_exit_code_is_told(install, capsys):
    install("acme-act", "act", acting("return None"))
    assert main(["act"]) == 2
    assert "command 'act' of acme-act 1.0 returned None, expected an exit code" in only_line(capsys)


def test_a_file_that_cannot_be_opened_is_no_defect(install, capsys):
    install("acme-act", "act", acting("open('/no/such/folder/file')"))
    assert main(["act"]) == 2
    assert only_line(capsys) == (
        "spectralkit: error: cannot read or write /no/such/folder/file: No such file or directory: check the path"
    )


def test_a_locale_without_the_letter_is_no_reason_to_fail(install, site):
    install("acme-act", "act", acting("print('\u03c3')\nreturn 0"))
    done = program("act", site=site, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (0, "\\u03c3\n")


def test_an_interruption_is_one_line_and_exit_code_130(install, capsys):
    install("acme-act", "act", acting("raise KeyboardInterrupt"))
    assert main(["act"]) == 130
    assert only_line(capsys) == "spectralkit: interrupted"


@pytest.mark.parametrize("raised", ["RuntimeError('x')", "__import__('spectralkit.errors').errors.DataError('x')"])
def test_debugging_shows_the_traceback_first(raised, install, capsys, monkeypatch):
    install("acme-act", "act", acting(f"raise {raised}"))
    monkeypatch.setenv("SPECTRALKIT_DEBUG", "1")
    assert main(["act"]) in (1, 2)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[-1].startswith("spectralkit: error: ")


def test_the_exit_code_is_the_commands(install):
    install("acme-act", "act", acting("return args.count"))
    assert main(["act", "--count", "7"]) == 7


@pytest.mark.parametrize(("stop", "code"), [("", 0), ("5", 5), ("'why'", 1)])
def test_a_command_may_exit(stop, code, install):
    install("acme-act", "act", acting(f"import sys\nsys.exit({stop})"))
    assert main(["act"]) == code


def test_a_target_that_is_no_command_is_told(install, capsys):
    source = COMMAND.replace("acme_act:command", "acme_act:configure").replace("def run(args):", "")
    install("acme-act", "act", source)
    assert main(["act"]) == 2
    assert "command 'act' of acme-act 1.0: acme_act:configure is no Command" in only_line(capsys)


def test_help_lists_every_command_and_imports_none(install, capsys):
    install("acme-act", "act", COMMAND.replace("acme_act:command", "acme_nowhere:command") + "    pass")
    assert main(["--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for name in ("run", "translate", "plugins", "methods", "describe"):
        assert f" {name} " in told
    assert "act Act 100% at once" in told
    assert main(["act"]) == 2  # only now is it missed


def test_a_commands_help_is_its_own(capsys):
    assert main(["describe", "--help"]) == 0
    told = capsys.readouterr().out
    assert "KIND" in told
    assert "--json" in told


def test_two_packages_with_one_command_do_not_break_the_others(install, capsys):
    install("acme-act", "act", acting("return 0"))
    install("acme-again", "again", acting("return 0"))
    assert main(["plugins"]) == 0
    assert main(["--help"]) == 0
    capsys.readouterr()
    assert main(["act"]) == 2
    assert "claimed by acme-act (plugin act) and acme-again (plugin again)" in only_line(capsys)


def test_version(capsys):
    assert main(["--version"]) == 0
    assert re.fullmatch(r"spectralkit \d+\.\d+\.\d+\n", capsys.readouterr().out)


LISTINGS = ["methods", "metrics", "models", "datasets", "parameterizations"]


@pytest.mark.parametrize("command", LISTINGS)
def test_a_listing_is_one_json_document(command, capsys):
    assert main([command, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert all(
        {"name", "summary", "distribution", "version", "aliases", "citation"} <= entry.keys() for entry in listed
    )


@pytest.mark.parametrize("command", [*LISTINGS, "plugins"])
def test_a_listing_is_a_plain_table_in_a_pipe(command, capsys):
    assert main([command]) == 0
    captured = capsys.readouterr()
    assert "distribution" in captured.out.splitlines()[0]
    assert "\x1b" not in captured.out
    assert captured.err == ""


def test_plugins_tells_what_is_broken_and_what_is_blocked(install, capsys, monkeypatch):
    install("acme-wrong", "wrong", "raise RuntimeError('no luck')")
    install("acme-out", "out", "")
    monkeypatch.setenv("SPECTRALKIT_BLOCK", "out,nobody")
    assert main(["plugins", "--json"]) == 0
    captured = capsys.readouterr()
    listed = {entry["name"]: entry for entry in json.loads(captured.out)}
    assert listed["wrong"] == {
        "name": "wrong",
        "distribution": "acme-wrong",
        "version": "1.0",
        "status": "broken",
        "reason": "RuntimeError: no luck",
        "provides": {},
        "disabled": [],
    }
    assert listed["out"]["status"] == "blocked"
    assert listed["core"]["provides"]["method"] == ["standard"]
    assert captured.err == "spectralkit: note: SPECTRALKIT_BLOCK names 'nobody', which is nothing to block\n"
    assert main(["plugins"]) == 0
    assert re.search(r"wrong +acme-wrong +1\.0 +broken +RuntimeError: no luck\n", capsys.readouterr().out)


def test_describe_tells_what_may_be_set(install, capsys):
    source = """
def soften(amount: float = 0.5, folder: str | None = None):
    '''Soften.

    Args:
        amount: How much, in [0, 1].
        folder: Where\x1b[31m to.
    '''

@hookimpl
def spectralkit_methods():
    return [MethodSpec(name="soften", target="acme_soft:soften", summary="Softens", citation="A. Cme 2020",
                       aliases=("blur",), stochastic=True)]
"""
    install("acme-soft", "soft", source)
    assert main(["describe", "method", "blur", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == "soften"
    assert told["capabilities"]["stochastic"] is True
    assert told["parameters"][0] == {
        "name": "amount",
        "type": "float",
        "required": False,
        "default": 0.5,
        "help": "How much, in [0, 1].",
    }
    assert main(["describe", "method", "blur"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"stochastic +yes", text)
    assert re.search(r"source +A\. Cme 2020", text)
    assert re.search(r"amount +float +0\.5 +How much, in \[0, 1\]\.", text)
    assert "\x1b" not in text


def test_with_json_nothing_else_reaches_stdout(install, capsys):
    body = "print('chatter')\nfrom spectralkit.cli.output import print_json\nprint_json({'a': float('inf')})\nreturn 0"
    install("acme-act", "act", acting(body))
    assert main(["act", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"a": None}
    assert "chatter" in captured.err


def test_with_json_a_failure_is_one_document_and_one_line(install, capsys):
    install("acme-act", "act", acting("print('chatter')\nraise RuntimeError('no luck')"))
    assert main(["act", "--json"]) == 2
    captured = capsys.readouterr()
    chatter, line = captured.err.splitlines()
    assert chatter == "chatter"
    error = json.loads(captured.out)["error"]
    assert line == f"spectralkit: error: {error['message']}"
    assert error["kind"] == "PluginError"
    assert "RuntimeError: no luck" in error["message"]


def test_json_is_strict_and_takes_what_specs_hold(capsys):
    print_json({"a": (1, float("nan")), "b": Path("x"), "c": {1: None}, "d": {2}, "e": "\x1b"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": [1, None], "b": "x", "c": {"1": None}, "d": "{2}", "e": "\x1b"}
    assert "\x1b" not in out


def test_json_only_ends(capsys):
    with json_only():
        print("away")
    print("back")
    assert capsys.readouterr().out == "back\n"


def test_a_table_in_a_pipe_is_never_cut(capsys):
    print_table(("name", "what"), [("x" * 200, "[bold]y[/bold]"), ("\x1b[31m", "two\nlines")], title="A table")
    title, *lines = capsys.readouterr().out.splitlines()
    assert title == "A table"
    assert [line.split() for line in lines] == [
        ["name", "what"],
        ["x" * 200, "[bold]y[/bold]"],
        [r"\x1b[31m", "two", "lines"],
    ]


def test_a_table_on_a_terminal_keeps_brackets_and_every_letter(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    print_table(("name", "what"), [("x" * 100, "[bold]y[/bold]")])
    out = capsys.readouterr().out
    assert out.count("x") == 100
    assert "[bold]y[/bold]" in out


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--help"], ["plugins"], ["plugins", "--json"], ["methods"], ["run", "--nonsense"]),
        *(["translate", "nowhere.png"], ["run", "--out", "."], ["run", "--out", "new/.."]),
    ],
)
def test_the_program_starts_without_torch(arguments):
    code = (
        "import sys\nfrom spectralkit.cli.main import main\nmain(sys.argv[1:])\n"
        "heavy = {'torch', 'diffusers', 'torchmetrics', 'numpy', 'rich'} & set(sys.modules)\n"
        "sys.exit(','.join(heavy) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_scores_nothing_imports_no_metrics() -> None:
    """Which would take as long again as torch."""
    modules = "spectralkit.running.translation, spectralkit.running.looking"
    code = f"import sys, {modules}; sys.exit('torchmetrics' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_public_face_is_lazy():
    code = "import sys, spectralkit; spectralkit.__version__; dir(spectralkit); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_public_face_has_what_it_promises():
    import spectralkit

    for name in spectralkit.__all__:
        assert getattr(spectralkit, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = spectralkit.nonsense


def test_the_installed_program_is_there():
    done = program("--version")
    assert done.returncode == 0
    script = Path(sys.executable).with_name("spectralkit")
    assert subprocess.run([script, "--version"], capture_output=True, text=True, check=True).stdout == done.stdout


def test_a_broken_plugin_leaves_the_program_working(install, site):
    install("aaa-wrong", "wrong", "raise RuntimeError('no luck')")
    assert "broken" in program("plugins", site=site).stdout
    strict = program("methods", site=site, SPECTRALKIT_STRICT="1")
    assert strict.returncode == 2
    assert strict.stderr.startswith(
        "spectralkit: error: plugin wrong of aaa-wrong 1.0 is broken: RuntimeError: no luck"
    )
    assert strict.stderr.count("\n") == 1


def test_a_reader_who_leaves_is_no_error():
    running = subprocess.Popen(
        [sys.executable, "-m", "spectralkit", "plugins"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    assert (running.wait(timeout=20), running.stderr.read()) == (141, "")
    running.stderr.close()


def test_ctrl_c_ends_a_running_command(install, site):
    install("acme-act", "act", acting("print('ready', flush=True)\nimport time\ntime.sleep(60)"))
    running = subprocess.Popen(
        [sys.executable, "-m", "spectralkit", "act"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": search_path(site)},
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (130, "spectralkit: interrupted\n")


@pytest.mark.parametrize(("given", "found"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_threads_wait_without_spinning_unless_told_otherwise(given: dict[str, str], found: str) -> None:
    code = "import sys; sys.argv = ['spectralkit', '--version']; from spectralkit.__main__ import main; main()"
    environment = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"} | given
    told = subprocess.run(
        [sys.executable, "-c", f"{code}; import os; print(os.environ['OMP_WAIT_POLICY'])"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines()[-1] == found
