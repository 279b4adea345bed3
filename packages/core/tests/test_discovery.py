"""No plugin, however wrong, breaks the program or another plugin."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from spectralkit.errors import PluginError
from spectralkit.plugins.discovery import Plugin, discover
from spectralkit.plugins.registry import registry

GOOD = """
@hookimpl
def spectralkit_methods():
    return [MethodSpec(name="fine", target="nowhere:fine", summary="A method")]
"""


def method(fields: str) -> str:
    return f"@hookimpl\ndef spectralkit_methods(): return [MethodSpec({fields})]"


WRONG = {
    "raises on import": ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
    "exits on import": ("raise SystemExit(3)", "SystemExit: 3"),
    "interrupts on import": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "is closed on import": ("raise GeneratorExit", "GeneratorExit"),
    "raises what nobody catches": ("class Bad(BaseException): pass\nraise Bad('out')", "Bad: out"),
    "raises what cannot be printed": (
        "class Bad(Exception):\n    def __str__(self): raise ValueError\nraise Bad",
        "Bad: (Bad that raises ValueError when it is printed)",
    ),
    "raises what exits when it is printed": (
        "class Bad(Exception):\n    def __str__(self): raise SystemExit\nraise Bad",
        "Bad: (Bad that raises SystemExit when it is printed)",
    ),
    "raises what has no name": (
        "class Meta(type):\n    __name__ = property(lambda cls: 1 / 0)\n"
        "class Bad(Exception, metaclass=Meta): pass\nraise Bad('x')",
        "Bad: x",
    ),
    "raises an error of the kit": (
        "from spectralkit.errors import DataError\nclass Bad(DataError):\n"
        "    def __str__(self): raise KeyboardInterrupt\nraise Bad",
        "when it is printed",
    ),
    "raises without end": ("raise ValueError('x' * 1_000_000)", "xxx…"),
    "replaces itself by nothing": ("import sys\nsys.modules[__name__] = None", "import of acme_wrong halted"),
    "removes itself": ("import sys\ndel sys.modules[__name__]\nraise ValueError('gone')", "ValueError: gone"),
    "takes the interruption for itself": (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nraise ValueError('mine')",
        "ValueError: mine",
    ),
    "has an attribute that exits": (
        "class Odd:\n    def __getattr__(self, name): raise SystemExit\nodd = Odd()",
        "",
    ),
    "lacks a dependency": ("import no_such_dependency", "No module named 'no_such_dependency'"),
    "is no Python": ("def (:", "SyntaxError"),
    "recurses": ("def f(): f()\nf()", "RecursionError"),
    "speaks in several lines": ("raise ValueError('one\\ntwo\\x1b[31m')", r"ValueError: one two\x1b[31m"),
    "implements nothing": ("", "implements no hook"),
    "forgets the marker": ("def spectralkit_methods(): return []", "implements no hook"),
    "implements an unknown hook": ("@hookimpl\ndef spectralkit_methodz(): return []", "spectralkit_methodz"),
    "hook takes arguments": ("@hookimpl\ndef spectralkit_methods(config): return []", "config"),
    "hook raises": ("@hookimpl\ndef spectralkit_methods(): return 1 / 0", "ZeroDivisionError"),
    "hook raises midway": (
        "@hookimpl\ndef spectralkit_methods():\n    yield from ()\n    raise KeyError('x')",
        "KeyError",
    ),
    "hook exits": ("@hookimpl\ndef spectralkit_methods(): raise SystemExit(0)", "SystemExit: 0"),
    "hook interrupts": ("@hookimpl\ndef spectralkit_methods(): raise KeyboardInterrupt", "KeyboardInterrupt"),
    "hook exits midway": ("@hookimpl\ndef spectralkit_methods():\n    yield from ()\n    exit(0)", "SystemExit: 0"),
    "hook never ends": (
        "@hookimpl\ndef spectralkit_methods():\n    while True: yield MethodSpec(name='a', target='a:a', summary='')",
        "spectralkit_methods returned more than 10000 specs",
    ),
    "hook returns what cannot be printed": (
        "class Odd:\n    def __repr__(self): raise SystemExit\n@hookimpl\ndef spectralkit_methods(): return [Odd()]",
        "Odd that raises SystemExit when it is printed",
    ),
    "hook returns a spec of its own class": (
        "class Mine(MethodSpec): pass\n"
        "@hookimpl\ndef spectralkit_methods(): return [Mine(name='a', target='a:a', summary='')]",
        "expected MethodSpec",
    ),
    "hook returns None": ("@hookimpl\ndef spectralkit_methods(): pass", "returned None, expected an iterable"),
    "hook returns a string": (
        "@hookimpl\ndef spectralkit_methods(): return 'ovg'",
        "returned 'o', expected MethodSpec",
    ),
    "hook returns one spec": (
        "@hookimpl\ndef spectralkit_methods(): return MethodSpec(name='a', target='a:a', summary='')",
        "expected an iterable of MethodSpec",
    ),
    "hook returns another kind": (
        "@hookimpl\ndef spectralkit_metrics(): return [MethodSpec(name='a', target='a:a', summary='')]",
        "expected MetricSpec",
    ),
    "spec has an impossible name": (
        "@hookimpl\ndef spectralkit_methods(): return [MethodSpec(name='A+b', target='a:a', summary='')]",
        "MethodSpec.name must match",
    ),
    "spec has an impossible target": (
        "@hookimpl\ndef spectralkit_methods(): return [MethodSpec(name='a', target='a.b', summary='')]",
        "module:attribute",
    ),
    "spec has no summary": (
        "@hookimpl\ndef spectralkit_methods(): return [MethodSpec(name='a', target='a:a', summary=None)]",
        "summary",
    ),
    "spec has a name without end": (
        "@hookimpl\ndef spectralkit_methods(): return [MethodSpec(name='a' * 101, target='a:a', summary='')]",
        "at most 100 characters",
    ),
    "spec has a summary without end": (
        "@hookimpl\ndef spectralkit_methods(): return [MethodSpec(name='a', target='a:a', summary='x' * 2001)]",
        "text of at most 2000 characters",
    ),
    "spec has aliases without end": (
        method("name='a', target='a:a', summary='', aliases=iter(lambda: 'b', '')"),
        "must be a tuple of names, at most 100",
    ),
    "spec has an alias that is none": (
        "@hookimpl\ndef spectralkit_methods(): return [MethodSpec(name='a', target='a:a', summary='', aliases=(1,))]",
        "MethodSpec.aliases must match",
    ),
    "spec has a preset that is none": (
        method("name='a', target='a:a', summary='', preset={'a': 1}"),
        "(name, value) pairs",
    ),
    "spec has a diagnostic that means nothing": (
        method("name='a', target='a:a', summary='', diagnostics=(('a/b', 1),)"),
        "MethodSpec.diagnostics must be text",
    ),
    "spec is neither true nor false": (
        method("name='a', target='a:a', summary='', invertible='yes'"),
        "MethodSpec.invertible must be True or False",
    ),
    "spec has text that changes its mind": (
        "class Odd(str):\n    def __str__(self): raise SystemExit\n"
        "@hookimpl\ndef spectralkit_methods(): return [MethodSpec(name='a', target='a:a', summary=Odd('x'))]",
        "MethodSpec.summary must be text",
    ),
    "hook wraps the others": (
        "@hookimpl(wrapper=True)\ndef spectralkit_methods():\n    yield\n    return []",
        "returned None, expected MethodSpec",
    ),
}


def found(name: str, plugins: tuple[Plugin, ...]) -> Plugin:
    (plugin,) = (plugin for plugin in plugins if plugin.name == name)
    return plugin


@pytest.mark.parametrize(("source", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_plugin_is_listed_with_its_reason_and_harms_no_other(source, told, install):
    install("acme-wrong", "wrong", source, version="2.1")
    install("acme-good", "good", GOOD)
    plugins = discover()
    wrong, good = found("wrong", plugins), found("good", plugins)
    assert (wrong.status, wrong.distribution, wrong.version) == ("broken", "acme-wrong", "2.1")
    assert told in wrong.reason
    assert wrong.reason.isprintable()  # one line, nothing a terminal obeys
    assert len(wrong.reason) < 1000
    assert wrong.specs == ()
    assert [spec.name for spec in good.specs] == ["fine"]
    assert found("core", plugins).status == "ok"
    assert registry().resolve("method", "fine").distribution == "acme-good"


TORN = {
    "a line without a value": "[spectralkit]\njunk\n",
    "a line in another group": "[console_scripts]\njunk\n[spectralkit]\ntorn = acme_torn\n",
    "no text": b"\xff\xfe[spectralkit]",
}


@pytest.mark.parametrize("text", TORN.values(), ids=TORN.keys())
def test_a_torn_list_of_entry_points_is_its_distributions_trouble_alone(text, install, site, monkeypatch):
    install("acme-torn", "torn", GOOD)
    install("acme-good", "good", GOOD)
    entries = site / "acme_torn-1.0.dist-info" / "entry_points.txt"
    entries.write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.setenv("TORCH_DEVICE_BACKEND_AUTOLOAD", "1")  # what discovery sets is undone
    plugins = discover()
    torn = next(plugin for plugin in plugins if plugin.distribution == "acme-torn")
    assert (torn.name, torn.status) == ("acme-torn", "broken")
    assert torn.reason.startswith("its entry_points.txt is damaged: reinstall it (")
    assert found("good", plugins).status == "ok"


def test_a_torn_list_without_plugins_is_nobodys_trouble(install, site):
    install("acme-torn", "torn", GOOD)
    (site / "acme_torn-1.0.dist-info" / "entry_points.txt").write_text("[console_scripts]\njunk\n")
    assert not [plugin for plugin in discover() if plugin.distribution == "acme-torn"]


@pytest.mark.parametrize("text", TORN.values(), ids=TORN.keys())
def test_a_torn_list_does_not_keep_torch_from_being_imported(text, install, site):
    install("acme-torn", "torn", GOOD)
    entries = site / "acme_torn-1.0.dist-info" / "entry_points.txt"
    entries.write_bytes(text if isinstance(text, bytes) else text.encode())
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    code = "from spectralkit.plugins.registry import registry; registry(); import torch"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=True)


@pytest.mark.parametrize(
    "value", ["", "1 2 3", "acme_odd:", "acme_odd:no.such.thing", "os", "sys:exit", "acme-odd", "."]
)
def test_an_entry_point_that_names_no_plugin_is_broken(value, install, site):
    install("acme-odd", "odd", GOOD)
    (site / "acme_odd-1.0.dist-info" / "entry_points.txt").write_text(f"[spectralkit]\nodd = {value}\n")
    odd = found("odd", discover())
    assert odd.status == "broken" or value == "acme_odd:"
    assert odd.reason.isprintable()


def test_of_two_installations_of_a_distribution_the_first_on_the_path_counts(install, site):
    install("acme-good", "good", GOOD)
    shutil.copytree(site / "acme_good-1.0.dist-info", site / "elsewhere" / "acme_good-0.9.dist-info")
    sys.path.append(str(site / "elsewhere"))
    try:
        assert found("good", discover()).version == "1.0"
    finally:
        sys.path.remove(str(site / "elsewhere"))


def test_an_entry_point_without_its_module_is_broken(install, site):
    module = install("acme-gone", "gone", GOOD)
    (site / f"{module}.py").unlink()
    assert "No module named 'acme_gone'" in found("gone", discover()).reason


def test_unreadable_metadata_is_named_by_its_entry_point(install, site):
    install("acme-torn", "torn", GOOD)
    (site / "acme_torn-1.0.dist-info" / "METADATA").write_bytes(b"\xff\xfe")
    assert "acme_torn" in found("torn", discover()).distribution or found("torn", discover()).status == "ok"


def test_only_the_module_of_the_entry_point_is_imported(install, site):
    """A package's ``__init__`` re-exports what needs torch; discovery must not run it."""
    package = site / "acme_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('imported the package')")
    install("acme-outer", "outer", GOOD)
    (site / "acme_outer.py").rename(package / "_plugin.py")
    (site / "acme_outer-1.0.dist-info" / "entry_points.txt").write_text("[spectralkit]\nouter = acme_package._plugin\n")
    plugin = found("outer", discover())
    assert (plugin.status, plugin.reason) == ("ok", "")
    assert "acme_package" not in sys.modules
    del sys.modules["acme_package._plugin"]


def test_a_module_that_failed_is_not_left_behind(install):
    module = install("acme-wrong", "wrong", "raise RuntimeError")
    discover()
    assert module not in sys.modules


def test_what_a_plugin_prints_does_not_reach_stdout(install, capsys):
    install("acme-loud", "loud", "print('hello')" + GOOD)
    discover()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "hello" in captured.err


def test_interrupting_the_import_of_a_plugin_interrupts_the_program(install):
    install("acme-slow", "slow", "import os, signal\nos.kill(os.getpid(), signal.SIGINT)")
    with pytest.raises(KeyboardInterrupt):
        discover()


def test_an_interruption_that_a_plugin_swallows_interrupts_all_the_same(install):
    source = "import os, signal\ntry: os.kill(os.getpid(), signal.SIGINT)\nexcept BaseException: pass"
    install("acme-slow", "slow", source)
    with pytest.raises(KeyboardInterrupt):
        discover()


def test_a_plugin_cannot_keep_the_interruption_to_itself(install):
    before = signal.getsignal(signal.SIGINT)
    install("acme-deaf", "deaf", "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)" + GOOD)
    assert found("deaf", discover()).status == "ok"
    assert signal.getsignal(signal.SIGINT) is before


DISTURBING = {
    "streams": "import sys\nsys.stdout = sys.stderr = None",
    "folder": "import os\nos.chdir('/')",
    "recursion": "import sys\nsys.setrecursionlimit(10**6)",
    "warnings": "import warnings\nwarnings.simplefilter('error')\nwarnings.showwarning = None",
}


@pytest.mark.parametrize("source", DISTURBING.values(), ids=DISTURBING.keys())
def test_the_process_is_as_it_was(source, install):
    def state() -> tuple[object, ...]:
        streams = sys.stdout, sys.stderr, warnings.showwarning, list(warnings.filters)
        return (*streams, Path.cwd(), sys.getrecursionlimit())

    install("acme-restless", "restless", source + GOOD)
    before = state()
    assert found("restless", discover()).status == "ok"
    assert state() == before


def test_a_folder_that_is_gone_is_no_reason_to_fail(install, tmp_path, monkeypatch):
    install("acme-good", "good", GOOD)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert found("good", discover()).status == "ok"


def test_a_termination_is_not_the_plugins(install):
    def end(number: int, frame: object) -> None:
        raise SystemExit(143)

    install("acme-slow", "slow", "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)")
    before = signal.signal(signal.SIGTERM, end)
    try:
        with pytest.raises(SystemExit):
            discover()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_plugins_are_found_from_another_thread_too(install):
    from concurrent.futures import ThreadPoolExecutor

    install("acme-wrong", "wrong", "raise KeyboardInterrupt")
    with ThreadPoolExecutor(1) as pool:
        assert found("wrong", pool.submit(discover).result()).status == "broken"


def test_a_blocked_plugin_is_not_even_imported(install, monkeypatch):
    module = install("acme-good", "good", "raise RuntimeError")
    monkeypatch.setenv("SPECTRALKIT_BLOCK", " good ,, no-such-plugin,core")
    plugin = found("good", registry().plugins)
    assert (plugin.status, plugin.reason) == ("blocked", "listed in SPECTRALKIT_BLOCK")
    assert module not in sys.modules
    assert registry().ignored == ("core", "no-such-plugin")  # the program needs its core
    assert found("core", registry().plugins).status == "ok"


def test_strict_makes_a_broken_plugin_an_error(install, monkeypatch):
    install("aaa-wrong", "wrong", "raise RuntimeError('no luck')")
    monkeypatch.setenv("SPECTRALKIT_STRICT", "1")
    with pytest.raises(PluginError, match=r"plugin wrong of aaa-wrong 1\.0 is broken: RuntimeError: no luck"):
        registry()


@pytest.mark.parametrize("value", ["", "0"])
def test_strict_can_be_switched_off(value, install, monkeypatch):
    install("aaa-wrong", "wrong", "raise RuntimeError('no luck')")
    monkeypatch.setenv("SPECTRALKIT_STRICT", value)
    assert found("wrong", registry().plugins).status == "broken"


def test_strict_does_not_mind_a_blocked_plugin(install, monkeypatch):
    install("aaa-wrong", "wrong", "raise RuntimeError('no luck')")
    others = ",".join(plugin.name for plugin in discover() if plugin.status == "broken")
    monkeypatch.setenv("SPECTRALKIT_STRICT", "1")
    monkeypatch.setenv("SPECTRALKIT_BLOCK", others)
    assert found("wrong", registry().plugins).status == "blocked"


def test_a_stranger_who_calls_himself_core_can_be_blocked(install, monkeypatch):
    install("acme-core", "core", GOOD)
    monkeypatch.setenv("SPECTRALKIT_BLOCK", "core")
    theirs, ours = sorted((p for p in registry().plugins if p.name == "core"), key=lambda plugin: plugin.distribution)
    assert (theirs.distribution, theirs.status, ours.status) == ("acme-core", "blocked", "ok")


def test_the_order_does_not_depend_on_the_path(install):
    for distribution in ("zeta", "alpha", "mid"):
        install(distribution, distribution, GOOD)
    names = [plugin.distribution for plugin in discover()]
    assert names == sorted(names)


def test_two_distributions_may_share_an_entry_point_name(install):
    install("acme-one", "same", GOOD)
    install("acme-two", "same", GOOD.replace("fine", "better"))
    assert {"fine", "better"} <= set(registry().names("method"))


def test_the_first_party_plugins_import_nothing_heavy(site: Path):
    """Whatever is installed here, discovering it needs neither torch nor numpy."""
    code = "import sys; from spectralkit.plugins.registry import registry; registry(); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "diffusers", "numpy", "rich", "torchmetrics"} & set(done.stdout.split())
