"""Whatever a caller hands to the Python face that it cannot use is told in one sentence, before any work."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import spectralkit as sk
from spectralkit.diffusion.parameterization import EpsParameterization
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import VPSchedule
from spectralkit.errors import SpectralkitError
from spectralkit.inversion.parts import Encoded, MoveSampler, Parts
from spectralkit.models.model import Model

PROCESS = Process(VPSchedule(), EpsParameterization())


class Network(nn.Module):
    def forward(self, x: Tensor, label: Tensor, condition: Tensor) -> Tensor:
        return 0.1 * x + condition[:, None, None, None]


def model(**options: Any) -> Model:
    given = {"process": PROCESS, "conditions": ("low", "high"), "null": 2, "shape": (3, 8, 8), **options}
    return sk.from_network(given.pop("network", Network()), **given)


def images(*shape: int) -> Tensor:
    return torch.rand(shape or (2, 3, 8, 8), generator=torch.Generator().manual_seed(1))


def invert(**options: Any) -> Any:
    given = {"model": model(), "method": Parts(), "images": images(), "source": "low", "steps": 2, **options}
    return sk.invert(**given)


def translate(**options: Any) -> Any:
    given = {"model": model(), "method": Parts(), "images": images(), "source": "low", "target": "high", "steps": 2}
    given |= options
    return sk.translate(**given)


def sample(**options: Any) -> Any:
    given = {"model": model(), "method": Parts(), "inverted": invert(), "target": "high", **options}
    return sk.sample(**given)


def generate(**options: Any) -> Any:
    return sk.generate(**{"model": model(), "condition": "high", "count": 2, "steps": 2, **options})


def noised(context: Any) -> Encoded:
    return Encoded(context.x0 + context.noise.normal("noised", context.x0), 1)


WRONG: list[tuple[Callable[..., object], dict[str, Any], str]] = [
    (invert, {"model": "ddim"}, "sk.invert: model must be a Model, as sk.load_model gives, got 'ddim' (str)"),
    (invert, {"method": "ovg"}, "sk.invert: method must be Parts, as sk.load_method gives, got 'ovg' (str)"),
    (invert, {"source": None}, "source must be str, got None"),
    (invert, {"source": ["low"]}, "source must be str, got ['low']"),
    (invert, {"source": "sepia"}, "model 'network' does not know the condition 'sepia'"),
    (invert, {"steps": 2.5}, "steps must be int, got 2.5 (float)"),
    (invert, {"steps": True}, "steps must be int, got True (bool)"),
    (invert, {"steps": "2"}, "steps must be int, got '2' (str)"),
    (invert, {"steps": 0}, "steps must"),
    (invert, {"steps": 1001}, "steps must"),
    (invert, {"seed": 1.0}, "seed must be int"),
    (invert, {"seed": None}, "seed must be int"),
    (invert, {"guidance": None}, "guidance must be float"),
    (invert, {"guidance": True}, "guidance must be float, got True (bool)"),
    (invert, {"guidance": float("nan")}, "guidance must be a finite number"),
    (invert, {"label": "nextt"}, "label must be 'current' | 'next', got 'nextt' (str)"),
    (invert, {"ids": "ab"}, "ids must be a list of str or None, got 'ab' (str)"),
    (invert, {"ids": [0, 1]}, "ids[0] must be str, got 0 (int)"),
    (invert, {"ids": ["a"]}, "2 images need as many ids, got 1"),
    (invert, {"keep_trajectory": 1}, "keep_trajectory must be bool"),
    (
        invert,
        {"noise": torch.zeros(2, 3, 8, 8)},
        "noise must be a mapping of str to a torch tensor or None, got tensor",
    ),
    (invert, {"noise": {"x": np.zeros(3)}}, "noise['x'] must be a torch tensor, got ndarray: try torch.as_tensor"),
    (
        invert,
        {"noise": {"tabba": images()}},
        "noise was given for 'tabba', which this method never draws; it drew none",
    ),
    (invert, {"noise": {"noised": images(2, 3, 8, 8).long()}, "method": Parts(start=noised)}, "floating-point"),
    (
        invert,
        {"noise": {"noised": images() / 0}, "method": Parts(start=noised)},
        "the noise given for 'noised' must be finite floating-point numbers",
    ),
    (invert, {"progress": True}, "progress must be a function of 3 arguments or None, got True (bool)"),
    (invert, {"progress": lambda done: None}, "progress must be a function of 3 arguments"),
    (invert, {"callback": "print"}, "callback must be a function of 1 argument or None"),
    (invert, {"callback": lambda: None}, "callback must be a function of 1 argument"),
    (invert, {"images": images(2, 8, 8, 3)}, "images.permute(0, 3, 1, 2)"),
    (invert, {"images": images(2, 1, 8, 8)}, "images.expand(-1, 3, -1, -1)"),
    (invert, {"images": images(2, 4, 8, 8)}, "bring them to 3 channels"),
    (invert, {"images": images(2, 3, 9, 8)}, "there are images of 3x9x8, but model 'network' takes 3x8x8 (channels x"),
    (invert, {"images": images(3, 8, 8)}, "images must be a non-empty floating-point (B, C, H, W) batch"),
    (invert, {"images": images(0, 3, 8, 8)}, "images must be a non-empty floating-point (B, C, H, W) batch"),
    (invert, {"images": (255 * images()).byte()}, "images must be a non-empty floating-point (B, C, H, W) batch"),
    (invert, {"images": images() * float("nan")}, "image '0' holds NaN or infinity"),
    (invert, {"images": 2 * images()}, "image '0' must lie in [0, 1]"),
    (translate, {"target": None}, "sk.translate: target must be str, got None (NoneType)"),
    (translate, {"target": 0}, "sk.translate: target must be str, got 0 (int)"),
    (translate, {"inversion_guidance": "3"}, "inversion_guidance must be float, got '3' (str)"),
    (sample, {"inverted": images()}, "sk.sample: inverted must be an inversion, as sk.invert gives, got tensor"),
    (sample, {"target": ("high",)}, "target must be str"),
    (sample, {"method": lambda: None}, "method must be Parts, as sk.load_method gives, got <function"),
    (sample, {"guidance": float("inf")}, "guidance must be a finite number"),
    (generate, {"count": 2.0}, "sk.generate: count must be int, got 2.0 (float)"),
    (generate, {"count": 0}, "count must be at least 1"),
    (generate, {"condition": None}, "condition must be str"),
    (generate, {"batch_size": "4"}, "batch_size must be int"),
    (generate, {"sampler": "ancestral"}, "sampler must be Parts, as sk.load_method gives, or None, got 'ancestral'"),
    (generate, {"model": Network()}, "model must be a Model, as sk.load_model gives"),
    (sk.encode, {"model": model(), "images": images(2, 3, 8)}, "images must be a non-empty"),
    (
        sk.encode,
        {"model": model(), "images": images().numpy()},
        "sk.encode: images must be a torch tensor, got ndarray",
    ),
    (sk.encode, {"model": None, "images": images()}, "sk.encode: model must be"),
    (sk.decode, {"model": model(), "x": None}, "sk.decode: x must be a torch tensor, got NoneType"),
    (
        sk.decode,
        {"model": model(), "x": images(2, 4, 8, 8)},
        "decodes to images of 4x8x8, but those of model 'network'",
    ),
    (sk.decode, {"model": model(), "x": images(3, 8, 8)}, "x must be a non-empty floating-point (B, C, H, W) batch"),
    (sk.decode, {"model": model(), "x": images() * float("inf")}, "x holds NaN or infinity"),
    (model, {"network": Network}, "sk.from_network: network must be a torch.nn.Module, got <class"),
    (model, {"shape": 32}, "shape must be (int, int, int), got 32 (int)"),
    (model, {"shape": (3, 8)}, "shape must be (int, int, int), got (3, 8) (tuple)"),
    (model, {"shape": (3, 8, "8")}, "shape[2] must be int, got '8' (str)"),
    (model, {"shape": (3, 0, 8)}, "shape must be (C, H, W), each at least 1, got (3, 0, 8)"),
    (model, {"null": -1}, "null must be the number of a class, at least 0, got -1"),
    (model().with_network, {"change": lambda network: None}, "what change returns must be a torch.nn.Module, got None"),
    (sk.encode, {"model": model(), "images": images().to_sparse()}, "images must be a dense tensor with numbers in it"),
    (sk.encode, {"model": model(), "images": images().to("meta")}, "images must be a dense tensor with numbers in it"),
    (model, {"conditions": ("low", "low")}, "conditions must be at least one name, each of them once"),
    (model, {"conditions": {"low": 0}}, "conditions['low'] must be a torch tensor, got int: try torch.as_tensor"),
    (model, {"conditions": ("low", 3)}, "conditions[1] must be str, got 3 (int)"),
    (model, {"null": "photo"}, "null must be a torch tensor or int or None, got 'photo' (str)"),
    (model, {"codec": "pixels"}, "codec must be a Codec with encode, decode, to, or None, got 'pixels' (str)"),
    (model, {"dtype": "bfloat16"}, "dtype must be a torch.dtype such as torch.bfloat16 or None, got 'bfloat16' (str)"),
    (model, {"dtype": torch.int32}, "dtype must be one of torch.float64, torch.float32, torch.bfloat16"),
    (model, {"name": 3}, "name must be str"),
    (model, {"process": Process(VPSchedule, EpsParameterization())}, "the process's schedule must be a Schedule with"),
    (
        model,
        {"process": Process(VPSchedule(), "eps")},
        "the process's parameterization must be a Parameterization with",
    ),
    (model, {"process": Process}, "process must be str or a Process, got <class"),
    (sk.load_dataset, {"name": 3}, "sk.load_dataset: name must be str, got 3 (int)"),
    (sk.load_method, {"expression": None}, "sk.load_method: expression must be str, got None"),
    (
        sk.load_method,
        {"expression": "standard", "settings": []},
        "settings must be a mapping of str to a mapping of str",
    ),
    (
        sk.load_method,
        {"expression": "standard", "settings": {"ovg": {"clip": 1.0}}},
        "settings are given for 'ovg', but the method names standard",
    ),
    (sk.load_metric, {"name": 3}, "sk.load_metric: name must be str, got 3 (int)"),
    (sk.load_metric, {"name": "x", "dataset": "ihc"}, "dataset must be a data set, as sk.load_dataset gives, or None"),
    (sk.load_metric, {"name": "x", "structure": "grey"}, "structure must be 'rgb' | 'masked-grey' or None, got 'grey'"),
    (sk.load_model, {"name": 3}, "sk.load_model: name must be str or Path, got 3 (int)"),
    (sk.load_model, {"name": "gaussian", "dataset": "ihc"}, "dataset must be a data set, as sk.load_dataset gives, or"),
    (sk.load_model, {"name": "gaussian", "dtype": "float16"}, "dtype must be a torch.dtype such as torch.bfloat16 or"),
    (sk.load_model, {"name": "gaussian", "device": 0.5}, "device must be str or a torch.device, got 0.5 (float)"),
    (sk.load_model, {"name": "gaussian", "device": "tpu"}, "device 'tpu' cannot be used"),
    (sk.load_model, {"name": Path("nowhere")}, "no checkpoint at ./nowhere"),
    (sk.register, {"spec": []}, "sk.register: spec must be a MethodSpec, a MetricSpec or another spec of spectralkit"),
    (
        sk.register,
        {"spec": noised},
        "sk.register: spec must be a MethodSpec, a MetricSpec or another spec of spectralkit",
    ),
    (model().to, {"device": "mars"}, "device 'mars' cannot be used"),
    (
        model().to,
        {"device": torch.bfloat16},
        "Model.to: device must be str or a torch.device or None, got torch.bfloat16",
    ),
    (
        model().to,
        {"dtype": "half"},
        "Model.to: dtype must be a torch.dtype such as torch.bfloat16 or None, got 'half'",
    ),
    (model().to, {"dtype": torch.int8}, "dtype must be one of torch.float64, torch.float32"),
    (model().with_network, {"change": "compile"}, "Model.with_network: change must be a function of 1 argument"),
]


def named(**given: Any) -> tuple[list[Any], dict[str, Any]]:
    """Positional-only parameters apart."""
    return [given.pop("name")] if "name" in given else [], given


@pytest.mark.parametrize(("call", "options", "told"), WRONG, ids=[told[:60] for _, _, told in WRONG])
def test_it_is_told_in_one_sentence(call: Callable[..., Any], options: dict[str, Any], told: str) -> None:
    placed = next(iter(inspect.signature(call).parameters.values())).kind is inspect.Parameter.POSITIONAL_ONLY
    args, kwargs = named(**options) if placed else ([], options)
    with pytest.raises(SpectralkitError) as caught:
        call(*args, **kwargs)
    message = str(caught.value)
    assert told in message
    assert "\n" not in message
    assert len(message) < 400


@pytest.mark.parametrize("other", ["taba", None, 0, (Parts(),)])
def test_what_is_added_to_a_method_is_a_method(other: Any) -> None:
    for add in (lambda: Parts() + other, lambda: other + Parts()):
        with pytest.raises(SpectralkitError, match=r"what is added must be Parts, as sk\.load_method gives, got"):
            add()


def test_numbers_of_numpy_are_numbers() -> None:
    asked = {"steps": np.int64(2), "seed": np.int32(7), "guidance": np.float32(1.0)}
    assert torch.equal(invert(**asked).latent, invert(steps=2, seed=7, guidance=1.0).latent)


def test_a_gradient_of_the_images_is_not_kept() -> None:
    wanting = images().requires_grad_()
    out = translate(images=wanting, keep_trajectory=True)
    for x in (
        out.images,
        out.latent,
        *out.inversion.trajectory,
        sk.encode(model(), wanting),
        sk.decode(model(), wanting),
    ):
        assert not x.requires_grad


def test_noise_for_the_way_back_is_left_to_it() -> None:
    class Late(MoveSampler):
        def init(self, inversion: Any, context: Any) -> Any:
            return inversion.latent + context.noise.normal("late", inversion.latent), None

    method = Parts(sampler=Late())
    inverted = invert(method=method, noise={"late": images()})
    assert inverted.context.noise.drawn == set()
    sample(method=method, inverted=inverted)
    assert inverted.context.noise.drawn == {"late"}


# --- networks ---


def failing(network: Callable[..., Any], **options: Any) -> str:
    class Odd(nn.Module):
        def forward(self, x: Tensor, label: Tensor, condition: Tensor) -> Any:
            return network(x, label, condition)

    with pytest.raises(SpectralkitError) as caught:
        translate(model=model(network=Odd(), **options), guidance=2.0)
    return str(caught.value)


@pytest.mark.parametrize("returned", [None, 3, object(), (), {}, "x", (None,)])
def test_what_a_network_returns_is_told(returned: Any) -> None:
    assert "the network returned" in failing(lambda *given: returned)


def test_a_network_that_fails_is_told_with_what_it_was_given() -> None:
    table = nn.Embedding(3, 1)
    told = failing(lambda x, label, condition: x + table(condition)[:, :, None, None], null=7)
    assert "the network failed, called with x (4, 3, 8, 8), label (4,), condition [1, 7]: IndexError:" in told or (
        "condition [0]" in told
    )


def test_a_network_without_a_condition_is_told_apart() -> None:
    class Plain(nn.Module):
        def forward(self, x: Tensor, label: Tensor) -> Tensor:
            return x

    with pytest.raises(SpectralkitError, match="the network Plain takes no condition: leave conditions out"):
        model(network=Plain())


def test_a_compiled_network_is_a_network() -> None:
    compiled = model().with_network(lambda network: torch.compile(network, backend="eager"))  # type: ignore[arg-type,return-value]
    torch.testing.assert_close(translate(model=compiled).latent, translate().latent)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("shape", (3, 8), "(3, 8) cannot be shape of Model: it must be (int, int, int)"),
        ("shape", (3, 0, 8), "(3, 0, 8) cannot be shape of Model: it must be (C, H, W), each at least 1"),
        ("conditions", {}, "{} cannot be conditions of Model: it must have at least one"),
        ("conditions", {"low": 0}, "0 cannot be conditions['low'] of Model: it must be a torch tensor"),
        (
            "denoiser",
            lambda x, level, condition, guidance: x,
            "cannot be denoiser of Model: it must be a Denoiser with to, a call (x, level, condition",
        ),
        ("schedule", VPSchedule, "cannot be schedule of Model: it must be a Schedule with"),
        ("codec", None, "None cannot be codec of Model: it must be a Codec with encode, decode, to"),
    ],
)
def test_a_model_is_made_of_what_it_must_be(field: str, value: Any, told: str) -> None:
    with pytest.raises(SpectralkitError) as caught:
        attrs.evolve(model(), **{field: value})
    assert told in str(caught.value)


def test_a_list_will_do_for_a_tuple() -> None:
    other = attrs.evolve(model(), shape=[3, 8, 8])
    assert other.shape == (3, 8, 8)
    assert Parts(corrections=[lambda probe, base, here, there: base]).corrections[0] is not None  # type: ignore[arg-type]
    translate(model=other)
