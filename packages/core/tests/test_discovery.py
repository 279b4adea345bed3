"""No plugin, however wrong, breaks the program or another plugin."""

from __future__ import annotations

import sys
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

WRONG = {
    "raises on import": ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
    "exits on import": ("raise SystemExit(3)", "SystemExit: 3"),
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
    assert wrong.specs == ()
    assert [spec.name for spec in good.specs] == ["fine"]
    assert found("core", plugins).status == "ok"
    assert registry().resolve("method", "fine").distribution == "acme-good"


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
    import subprocess

    code = "import sys; from spectralkit.plugins.registry import registry; registry(); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "diffusers", "numpy", "rich", "torchmetrics"} & set(done.stdout.split())
