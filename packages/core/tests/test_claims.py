"""The kit's names are the kit's: what collides with one disables itself alone; strangers clash among themselves."""

from __future__ import annotations

import json
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectralkit.cli.main import main
from spectralkit.errors import PluginError
from spectralkit.inversion.method import load_method
from spectralkit.inversion.parts import Parts
from spectralkit.plugins import CommandSpec, MethodSpec, MetricSpec
from spectralkit.plugins.claims import claims, settled
from spectralkit.plugins.discovery import CORE, Plugin
from spectralkit.plugins.registry import register, registry, survey

names = st.sampled_from(["a", "b", "c", "d"])
specs = st.builds(
    lambda kind, name, aliases: kind(name=name, target="m:m", summary="", aliases=aliases),
    st.sampled_from([MethodSpec, CommandSpec]),
    names,
    st.lists(names, max_size=3),
)

THEIRS = """
from spectralkit.cli.command import Command
command = Command(lambda parser: parser.add_argument("--json", action="store_true"), lambda args: 7)

@hookimpl
def spectralkit_commands():
    return [
        CommandSpec(name="run", target="acme_theirs:command", summary="theirs"),
        CommandSpec(name="act", target="acme_theirs:command", summary="Acts", aliases=("perform", "plugins", "act")),
    ]

@hookimpl
def spectralkit_methods():
    return [
        MethodSpec(name="standard", target="acme_theirs:nothing", summary="theirs"),
        MethodSpec(name="theirs", target="acme_theirs:nothing", summary="theirs", aliases=("standard",)),
    ]
"""


def plugin(distribution: str, *given: object) -> Plugin:
    core = distribution == "spectralkit"
    return Plugin(CORE if core else "entry", distribution, "1.0", "ok", specs=given)  # type: ignore[arg-type]


@given(core=st.lists(specs, max_size=3), theirs=st.lists(specs, max_size=4))
def test_the_kits_names_stay_the_kits_and_all_others_their_owners(core, theirs):
    ours, others = settled((plugin("spectralkit", *core), plugin("acme", *theirs)))
    assert ours.specs == tuple(core)
    assert claims(others.specs).isdisjoint(claims(core))
    lost = claims(theirs) & claims(core)
    assert bool(others.disabled) == bool(lost)
    unharmed = [spec for spec in theirs if claims([spec]).isdisjoint(claims(core))]
    assert all(claims([spec]) <= claims(others.specs) for spec in unharmed)


def test_a_command_that_takes_a_builtins_name_disables_itself_alone(install, capsys):
    install("acme-theirs", "theirs", THEIRS)
    assert main(["run", "--steps", "x"]) == 2  # still the kit's, which has --steps
    assert "invalid int value" in capsys.readouterr().err
    assert main(["plugins", "--json"]) == 0
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert listed["core"]["disabled"] == []
    assert listed["theirs"]["status"] == "ok"
    assert listed["theirs"]["provides"] == {"method": ["theirs"], "command": ["act"]}
    assert listed["theirs"]["disabled"] == [
        "method standard: the kit's own name",
        "alias standard of method theirs: the kit's own name",
        "command run: the kit's own name",
        "alias plugins of command act: the kit's own name",
    ]
    assert main(["plugins"]) == 0
    assert "disabled: command run: the kit's own name" in capsys.readouterr().out
    assert load_method("standard") == Parts()


def test_a_command_is_called_by_its_alias(install, capsys):
    install("acme-theirs", "theirs", THEIRS)
    assert main(["perform"]) == 7
    assert main(["act"]) == 7
    assert main(["--help"]) == 0
    assert "act (perform)" in capsys.readouterr().out
    assert main(["perform", "--help"]) == 0
    assert "--json" in capsys.readouterr().out


def test_two_strangers_clash_when_their_name_is_asked_for(install, capsys):
    again = THEIRS.replace('name="act"', 'name="other"').replace("acme_theirs", "acme_again")
    install("acme-theirs", "theirs", THEIRS)
    install("acme-again", "again", again)
    assert main(["other"]) == 7
    assert main(["--help"]) == 0
    capsys.readouterr()
    assert main(["perform"]) == 2
    assert "command 'perform' is claimed by acme-theirs (plugin theirs) and acme-again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["plugins"], 0),
        (["plugins", "--json"], 0),
        (["plugins", "--help"], 0),
        (["run", "--help"], 0),
        (["methods"], 2),
        (["describe", "method", "standard"], 2),
        (["run", "--model", "gaussian"], 2),
        (["translate", "x.png"], 2),
    ],
)
def test_strict_answers_what_helps_and_nothing_else(words, code, install, capsys, monkeypatch):
    install("aaa-wrong", "wrong", "raise RuntimeError('no luck')")
    monkeypatch.setenv("SPECTRALKIT_STRICT", "1")
    assert main(words) == code
    out, err = capsys.readouterr()
    if code:
        assert "plugin wrong of aaa-wrong 1.0 is broken: RuntimeError: no luck" in err
        assert err.count("\n") == 1
    if words[0] == "plugins" and "--help" not in words:
        assert "no luck" in out


# --- this process ---


def half() -> Parts:
    """Half the way."""
    return Parts(depth=0.5)


def quarter() -> Parts:
    """A quarter of the way."""
    return Parts(depth=0.25)


def spec(name: str, target: str = "half", aliases: tuple[str, ...] = ()) -> MethodSpec:
    return MethodSpec(name=name, target=f"{__name__}:{target}", summary="", aliases=aliases)


def test_what_is_registered_here_is_there(registering):
    sys.modules.setdefault(__name__, sys.modules[half.__module__])
    register(spec("my-half", aliases=("mine",)))
    assert load_method("my-half") == load_method("mine") == Parts(depth=0.5)
    assert "my-half" in registry().names("method")
    assert registry().resolve("method", "mine").distribution == "(this process)"
    register(spec("my-half", "quarter"))  # a notebook's cell, run again
    assert load_method("my-half") == Parts(depth=0.25)


def test_the_notebook_itself_holds_the_target(registering, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "soften", half, raising=False)
    register(MethodSpec(name="soften", target="__main__:soften", summary=""))
    assert load_method("soften") == Parts(depth=0.5)


@pytest.mark.parametrize(
    ("taken", "owner"), [("standard", "spectralkit"), ("fine", "acme-good"), ("mine", r"\(this process\)")]
)
@pytest.mark.parametrize("as_alias", [False, True])
def test_a_name_that_is_taken_is_refused_and_nothing_changes(taken, owner, as_alias, registering, install):
    source = "@hookimpl\ndef spectralkit_methods(): return [MethodSpec(name='fine', target='a:a', summary='')]"
    install("acme-good", "good", source)
    register(spec("first", aliases=("mine",)))
    before = registry().names("method")
    new = spec("second", aliases=(taken,)) if as_alias else spec(taken)
    with pytest.raises(PluginError, match=f"method '{taken}' is taken by {owner}: choose another name"):
        register(new)
    assert registry().names("method") == before


def test_another_kind_may_have_the_name(registering):
    register(MetricSpec(name="standard", target="m:m", summary="", inputs=("latent",), higher_is_better=True))
    assert registry().names("metric")


def test_what_is_registered_here_survives_a_new_survey(registering):
    register(spec("my-half"))
    survey.cache_clear()
    assert "my-half" in registry().names("method")
    assert os.environ.get("SPECTRALKIT_STRICT", "") in ("", "0")
