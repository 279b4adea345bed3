"""Names to code: resolution, suggestions, loading and building."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spectralkit.errors import ConfigurationError, DataError, PluginError, SpectralkitError, UnknownNameError
from spectralkit.plugins import MethodSpec, MetricSpec, ModelSpec
from spectralkit.plugins.catalog import known
from spectralkit.plugins.discovery import Plugin
from spectralkit.plugins.registry import Registry, registry, survey
from spectralkit.plugins.specs import KINDS, Spec

names = st.sampled_from(["a", "b", "c-1", "d", "e"])


def method(name: str, aliases: tuple[str, ...] = (), target: str = "nowhere:at_all") -> MethodSpec:
    return MethodSpec(name=name, target=target, summary="A method", aliases=aliases)


def plugin(distribution: str, *specs: Spec, name: str = "entry") -> Plugin:
    return Plugin(name, distribution, "1.0", "ok", specs=specs)


def absent(name: str, distribution: str, status: str = "broken", reason: str = "ImportError: no luck") -> Plugin:
    return Plugin(name, distribution, "1.0", status, reason)  # type: ignore[arg-type]


@given(claims=st.lists(st.tuples(names, st.lists(names, max_size=2)), max_size=5), asked=names)
def test_a_name_or_alias_resolves_exactly_when_one_plugin_claims_it(claims, asked):
    plugins = [plugin(f"dist-{i}", method(name, tuple(aliases))) for i, (name, aliases) in enumerate(claims)]
    found = Registry(tuple(plugins))
    owners = [f"dist-{i}" for i, (name, aliases) in enumerate(claims) if asked in (name, *aliases)]
    if len(owners) == 1:
        assert found.resolve("method", asked).distribution == owners[0]
    elif owners:
        with pytest.raises(PluginError) as caught:
            found.resolve("method", asked)
        assert all(owner in str(caught.value) for owner in owners)
    else:
        with pytest.raises(UnknownNameError):
            found.resolve("method", asked)


@given(claims=st.lists(names, max_size=6))
def test_listing_never_minds_a_clash(claims):
    found = Registry(tuple(plugin(f"dist-{i}", method(name)) for i, name in enumerate(claims)))
    assert [r.spec.name for r in found.all("method")] == sorted(claims)
    assert list(found.names("method")) == sorted(set(claims))


def test_a_clash_leaves_other_names_and_other_kinds_alone():
    metric = MetricSpec(name="both", target="m:m", summary="", inputs=("latent",), higher_is_better=True)
    found = Registry((plugin("one", method("both"), method("mine"), metric), plugin("two", method("both"))))
    assert found.resolve("method", "mine").distribution == "one"
    assert found.resolve("metric", "both").distribution == "one"
    with pytest.raises(PluginError, match=r"claimed by one \(plugin entry\) and two \(plugin entry\): uninstall"):
        found.resolve("method", "both")


@pytest.mark.parametrize(("direction", "word"), [(True, "higher"), (False, "lower"), (None, "target")])
def test_a_metric_says_which_score_is_better(direction, word):
    toy = {"name": "toy", "target": "m:m", "summary": "", "inputs": ("latent",)}
    assert MetricSpec(**toy, higher_is_better=direction).better == word
    with pytest.raises(ConfigurationError, match="higher_is_better must be True, False or None, got"):
        MetricSpec(**toy, higher_is_better=word)


@pytest.mark.parametrize(
    ("best", "direction", "told"),
    [(1.0, True, "be left out"), (-1, None, r"range \[0, inf\]"), ("1", None, "range"), (math.nan, None, "range")],
)
def test_a_best_score_lies_between_others(best, direction, told):
    toy = {"name": "toy", "target": "m:m", "summary": "", "inputs": ("latent",), "range": (0.0, math.inf)}
    assert MetricSpec(**toy, higher_is_better=None, best=1).better == "near 1"
    with pytest.raises(ConfigurationError, match=rf"^MetricSpec.best must .*{told}"):
        MetricSpec(**toy, higher_is_better=direction, best=best)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        (
            "inputs",
            ("latents",),
            "inputs must be a tuple, of 'source', 'reference', 'generated', 'latent', got ('latents',)",
        ),
        ("inputs", "latent", "inputs must be a tuple, of"),
        ("facts", ("target",), "facts must be a tuple, of 'targets', 'structure', got ('target',)"),
        ("aliases", "ovg", "aliases must be a tuple of names, at most 100, got 'ovg'"),
        ("facts", torch.tensor(2), "facts must be a tuple, of"),
        ("aliases", 3, "aliases must be a tuple of names"),
    ],
)
def test_a_spec_says_what_it_must_be(field, value, told):
    with pytest.raises(SpectralkitError, match=re.escape(f"MetricSpec.{told}")):
        MetricSpec(name="a", target="m:m", summary="", higher_is_better=None, **{"inputs": ("latent",), field: value})


def test_an_unknown_kind_is_refused():
    with pytest.raises(ConfigurationError, match="unknown kind 'methods': one of parameterization, method"):
        Registry(()).names("methods")


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        (
            "method",
            "renoise",
            "method 'renoise' is not installed: pip install spectralkit-methods-renoise (installed: standard)",
        ),
        ("method", "standrd", "unknown method 'standrd': did you mean 'standard'? (installed: standard)"),
        (
            "method",
            "renoize",
            "did you mean 'renoise' (pip install spectralkit-methods-renoise)? (installed: standard)",
        ),
        ("method", "qqqqq", "unknown method 'qqqqq' (installed: standard)"),
        ("method", "\x1b[31m", r"unknown method '\\x1b[31m' (installed: standard)"),
        ("method", "", "unknown method '' (installed: standard)"),
        ("metric", "lpips", "pip install spectralkit-metrics-perceptual (installed: none)"),
        ("model", "edm", "pip install spectralkit-models-latent"),
        ("parameterization", "ddim-v", "pip install spectralkit-models-ddim"),
        ("dataset", "ihc", "pip install spectralkit-datasets-ihc"),
        ("command", "weights", "pip install spectralkit-metrics-perceptual"),
    ],
)
def test_an_unknown_name_is_answered_with_what_helps(kind, name, told):
    with pytest.raises(UnknownNameError) as caught:
        Registry((plugin("spectralkit", method("standard", ("ddim",))),)).resolve(kind, name)
    assert told in str(caught.value)
    assert str(caught.value).isprintable()


def test_an_old_distribution_is_to_be_upgraded():
    found = Registry((plugin("spectralkit-metrics-image"),))
    with pytest.raises(UnknownNameError, match="pip install --upgrade spectralkit-metrics-image"):
        found.resolve("metric", "haarpsi")


def test_an_alias_is_suggested_too():
    with pytest.raises(UnknownNameError, match="did you mean 'identity'"):
        Registry((plugin("x", method("standard", ("identity",))),)).resolve("method", "idntity")


@pytest.mark.parametrize("status", ["broken", "blocked"])
@pytest.mark.parametrize(
    ("kind", "name", "plugin_name", "distribution"),
    [("method", "mine", "mine", "acme"), ("metric", "s-g", "spectral", "spectralkit-metrics-spectral")],
)
def test_the_plugin_that_would_have_it_is_told(status, kind, name, plugin_name, distribution):
    found = Registry((absent(plugin_name, distribution, status),))
    told = f"'{name}' is not available: plugin {plugin_name} of {distribution} is {status}: ImportError: no luck"
    with pytest.raises(PluginError, match=told):
        found.resolve(kind, name)


def test_a_misspelt_name_of_a_broken_plugin_is_told():
    found = Registry((absent("spectral", "spectralkit-metrics-spectral"),))
    with pytest.raises(UnknownNameError, match=r"did you mean 's-hf' \(plugin spectral of .* is broken"):
        found.resolve("metric", "s-hff")


def test_broken_plugins_are_mentioned_beside_an_unknown_name():
    found = Registry((absent("theirs", "acme-theirs"),))
    with pytest.raises(UnknownNameError, match=r"broken: theirs of acme-theirs \(ImportError: no luck\), see"):
        found.resolve("method", "qqqqq")


def test_the_catalog_speaks_of_every_kind_and_of_possible_names():
    for kind in KINDS:
        for name, distribution in known(kind).items():
            MethodSpec(name=name, target="a:a", summary="")
            assert distribution.startswith("spectralkit-")


def test_the_catalog_promises_no_package_that_does_not_exist():
    packages = Path(__file__).parents[2]
    names = {tomllib.loads(path.read_text())["project"]["name"] for path in packages.rglob("pyproject.toml")}
    assert {distribution for kind in KINDS for distribution in known(kind).values()} <= names


@pytest.mark.parametrize("kind", KINDS)
def test_the_catalog_says_what_the_installed_packages_of_this_project_provide(kind):
    installed = {plugin.distribution for plugin in registry().plugins if plugin.status == "ok"}
    promised = {name: owner for name, owner in known(kind).items() if owner in installed}
    provided = {r.spec.name: r.distribution for r in registry().all(kind) if r.distribution.startswith("spectralkit-")}
    assert provided == promised  # else correct spectralkit/catalog.py


TARGET = """
import attrs
from typing import Literal

@attrs.frozen
class Thing:
    size: float
    mode: str

    def __call__(self, probe, base, here, there):
        return 0 * base

def thing(size: float = 1.0, mode: Literal["a", "b"] = "a"):
    from spectralkit.inversion.parts import Parts
    return Parts(corrections=(Thing(size, mode),))

def needs(folder: str) -> str:
    return folder

def refuses(value: int = 0):
    raise ValueError(f"value\\nmust not be {value}")

def complains(value: int = 0):
    from spectralkit.errors import DataError
    raise DataError("no such image")

def anything(**words):
    from spectralkit.inversion.parts import Parts
    return Parts(name=repr(words))

number = 3

@hookimpl
def spectralkit_methods():
    here = "acme_things:"
    return [
        MethodSpec(name=name.lower().replace("_", "-"), target=here + name, summary="")
        for name in ("thing", "needs", "refuses", "complains", "anything", "number", "missing")
    ] + [MethodSpec(name="elsewhere", target="acme_nowhere.x:y", summary="")]

@hookimpl
def spectralkit_metrics():
    return [MetricSpec(name="facts", target="acme_things:facts", summary="", inputs=("latent",), facts=("structure",),
                       higher_is_better=True)]

def facts(structure, window: int = 3):
    from spectralkit.metric import Score

    class Facts(Score):
        given = structure, window
        update = compute = lambda self: None

    return Facts()
"""


@pytest.fixture
def things(install) -> Registry:
    install("acme-things", "things", TARGET)
    return registry()


def test_build_brings_parameters_to_their_types(things):
    (built,) = things.build("method", "thing", size=2, mode="b").corrections
    assert (built.size, built.mode) == (2.0, "b")
    assert type(built.size) is float
    assert things.build("method", "anything", whatever=1).name == "{'whatever': 1}"


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("thing", {"siz": 1}, "method 'thing': no parameter 'siz': did you mean 'size'? it takes mode, size"),
        ("thing", {"\x1b": 1}, "no parameter"),
        ("thing", {"size": "1"}, "method 'thing': size must be float, got '1' (str)"),
        ("thing", {"size": True}, "size must be float, got True (bool)"),
        ("thing", {"mode": "c"}, "mode must be 'a' | 'b', got 'c' (str)"),
        ("needs", {}, "method 'needs': needs folder (str)"),
        ("needs", {"folder": 1}, "folder must be str"),
        ("refuses", {}, "method 'refuses': value must not be 0"),
    ],
)
def test_build_refuses_what_the_signature_does_not_take(name, given, told, things):
    with pytest.raises(ConfigurationError) as caught:
        things.build("method", name, **given)
    assert told in str(caught.value)
    assert str(caught.value).isprintable()


def test_an_error_of_the_kit_passes_through(things):
    with pytest.raises(DataError, match="no such image"):
        things.build("method", "complains")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing", "AttributeError"),
        ("elsewhere", "No module named 'acme_nowhere'"),
        ("number", "is no callable"),
    ],
)
def test_a_target_that_is_not_there_is_a_plugin_error(name, told, things):
    with pytest.raises(PluginError, match=told) as caught:
        things.build("method", name)
    assert "acme-things" in str(caught.value)


def test_what_the_runner_supplies_is_no_parameter_of_the_user(things):
    assert [parameter.name for parameter in things.parameters("metric", "facts")] == ["window"]
    assert things.build("metric", "facts", structure="rgb").given == ("rgb", 3)
    with pytest.raises(ConfigurationError, match="it takes window"):
        things.build("metric", "facts", structure="rgb", windw=3)


def test_a_fitted_model_is_given_its_data(install):
    install(
        "acme-fit",
        "fit",
        "def fit(dataset, floor: float = 1.0):\n"
        "    import torch\n"
        "    from spectralkit.diffusion.gaussian import GaussianDenoiser\n"
        "    from spectralkit.diffusion.schedule import VPSchedule\n"
        "    from spectralkit.models.model import Model, PixelCodec\n"
        "    flat = GaussianDenoiser(torch.zeros(1, 1, 1, 1), torch.zeros(1, 1, 1, 1))\n"
        "    told = {'any': torch.ones(1, 1)}\n"
        "    return Model('fit', flat, VPSchedule(), PixelCodec(), told, None, (1, 1, 1), dataset, {'floor': floor})\n"
        "@hookimpl\n"
        "def spectralkit_models():\n"
        "    return [ModelSpec(name='fit', target='acme_fit:fit', summary='', dataset='ihc', fitted=True)]\n",
    )
    assert [parameter.name for parameter in registry().parameters("model", "fit")] == ["floor"]
    built = registry().build("model", "fit", dataset="data", floor=2)
    assert (built.dataset, built.provenance) == ("data", {"floor": 2.0})


def test_the_registry_is_made_once(monkeypatch):
    survey.cache_clear()
    assert registry() is registry()


def test_core_registers_its_builtins():
    assert registry().resolve("method", "standard").distribution == "spectralkit"
    gaussian = registry().resolve("model", "gaussian").spec
    assert isinstance(gaussian, ModelSpec)
    assert (gaussian.dataset, gaussian.fitted) == ("ihc", True)
