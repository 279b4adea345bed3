"""Every pair of methods, and every method under every parameterization: it works, or is refused with a reason.

Everything goes the way of a user: expressions, names, ``translate``. The network is perfectly trained on Gaussian data.
"""

from __future__ import annotations

import itertools

import attrs
import pytest
import torch

from spectralkit.api import Output, load_method, translate
from spectralkit.errors import ConfigurationError, SlotConflict
from spectralkit.inversion.parts import Parts
from spectralkit.plugins.registry import registry

STEPS = 6
METHODS = tuple(method.spec.name for method in registry().all("method") if not method.spec.trained)
"""A trained method's own tests know what it was trained for."""

LABELS = [
    (process, label)
    for process in registry().names("parameterization")
    for label in ("current", "next")
    if label == "current" or registry().build("parameterization", process).schedule.admits_next_label
]


def run(model, parts: Parts, images, **options) -> Output:
    # Guided, because null-class, negative-prompt and direct are about guidance.
    return translate(
        model, parts, images, source="low", target="high", **{"steps": STEPS, "guidance": 3.0, "seed": 0, **options}
    )


def assert_sound(output: Output, parts: Parts, images) -> None:
    """Finite, of the right shape, in range, in the precision that the method asks for, and paid for."""
    assert output.images.shape == images.shape
    assert torch.isfinite(output.images).all()
    assert 0 <= output.images.min() <= output.images.max() <= 1
    assert torch.isfinite(output.latent).all()
    assert output.inversion.latent.dtype == (torch.float64 if parts.double else torch.float32)
    assert output.cost.forwards > 0


def shared(a: Parts, b: Parts) -> list[str]:
    """Slots that both fill."""
    single = [field.name for field in attrs.fields(Parts) if field.name not in ("corrections", "double", "name")]
    return [slot for slot in single if getattr(a, slot) is not None and getattr(b, slot) is not None]


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(METHODS, 2)))
def test_a_pair_composes_or_conflicts(one, other, model_of, images):
    a, b = load_method(one), load_method(other)
    slots = shared(a, b)
    if slots:
        for first, second in ((one, other), (other, one)):
            with pytest.raises(SlotConflict) as conflict:
                load_method(f"{first}+{second}")
            told = str(conflict.value)
            assert f"'{slots[0]}'" in told
            assert f"'{one}'" in told
            assert f"'{other}'" in told
        return
    both = load_method(f"{one}+{other}")
    output = run(model_of("ddim"), both, images)
    assert_sound(output, both, images)
    assert both.double == (a.double or b.double)
    # Parts in different slots commute: the same network calls in the same order, so bit by bit.
    assert torch.equal(run(model_of("ddim"), load_method(f"{other}+{one}"), images).images, output.images)


@pytest.mark.parametrize(("process", "label"), LABELS)
@pytest.mark.parametrize("name", METHODS)
def test_a_method_works_under_a_parameterization_or_says_why_not(name, process, label, model_of, images):
    parts = load_method(name)
    try:
        output = run(model_of(process), parts, images, label=label)
    except ConfigurationError as refusal:
        told = str(refusal)
        assert name in told
        assert "use " in told  # and what to do instead
        impossible = {("renoise", "edm"), ("edict", "flow")}
        assert (name, process) in impossible or (label == "next" and name in ("bdia", "cyclediff", "heun"))
        return
    assert_sound(output, parts, images)


# ReNoise tells the network the level that x moves to; off the level it is at, the parameterizations part.
@pytest.mark.parametrize("name", [name for name in METHODS if name != "renoise"])
def test_predictions_of_one_score_give_one_image(name, model_of, images):
    # With an exact score the parameterization changes nothing but round-off. Float64 state, so that methods that
    # amplify round-off (division by gradient norms, fixed points) are compared too.
    parts = load_method(name) + Parts(double=True)
    eps, x0, v = (run(model_of(process), parts, images).images for process in ("ddim", "ddim-x0", "ddim-v"))
    torch.testing.assert_close(x0, eps, rtol=0, atol=1e-5)
    torch.testing.assert_close(v, eps, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_the_next_label_is_refused_where_it_has_no_meaning(name, model_of, images):
    with pytest.raises(ConfigurationError, match="'next' has no meaning"):
        run(model_of("edm"), load_method(name), images, label="next")
