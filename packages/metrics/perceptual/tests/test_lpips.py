"""LPIPS against the lpips package on one and the same random backbone."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import spectralkit.metric  # noqa: F401  (makes torchvision, and so lpips, importable)
from spectralkit.errors import ConfigurationError, DataError, NonFiniteError
from spectralkit.testing.processes import across_processes
from spectralkit_metrics_perceptual import LPIPS
from spectralkit_metrics_perceptual.lpips import SIDES, network
from spectralkit_metrics_perceptual.weights import ALEXNET, Net


def random_lpips(net: Net) -> nn.Module:
    import lpips

    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lpips calls torchvision by deprecated names
        model: nn.Module = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    return model


def torchvision_state(model: nn.Module) -> dict[str, Tensor]:
    """The backbone's weights as torchvision's file holds them, with the classifier that LPIPS leaves out."""
    backbone = model.get_submodule("net").state_dict()
    return {f"features.{key.split('.', 1)[1]}": value for key, value in backbone.items()} | {
        "classifier.1.bias": torch.zeros(1)
    }


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    generated, reference = torch.rand(2, 2, 3, 40, 36, generator=torch.Generator().manual_seed(0))
    return generated, reference


@pytest.fixture
def placed(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """A random AlexNet in the cache, under the name of the real one, whose hash is not compared."""
    model = random_lpips("alex")
    torch.save(torchvision_state(model), empty_cache / ALEXNET.file)
    monkeypatch.setattr("spectralkit_metrics_perceptual.weights.matches", lambda path, digits: True)
    return model


@pytest.fixture
def cheap_classifiers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave fully connected layers uninitialised: LPIPS discards them, and drawing VGG's takes seconds."""
    monkeypatch.setattr(nn.Linear, "reset_parameters", lambda self: None)
    monkeypatch.setattr(nn.init, "normal_", lambda tensor, *args, **kwargs: tensor)


@pytest.mark.usefixtures("cheap_classifiers")
@pytest.mark.parametrize("net", SIDES)
def test_backbones_match_the_package(net: Net, pair: tuple[Tensor, Tensor]) -> None:
    theirs = random_lpips(net)
    ours = network(net, torchvision_state(theirs))
    x, y = (2 * z - 1 for z in pair)
    torch.testing.assert_close(ours(x, y), theirs(x, y), rtol=0, atol=0)
    side = SIDES[net]
    assert ours(torch.rand(1, 3, side, side), torch.rand(1, 3, side, side)).isfinite()
    with pytest.raises(RuntimeError):
        ours(torch.rand(1, 3, side - 1, side), torch.rand(1, 3, side - 1, side))


def test_the_metric_maps_images_to_the_networks_range(placed: nn.Module, pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = pair
    theirs = placed(generated, reference, normalize=True).flatten()
    metric = LPIPS().train()  # its dropout stays off
    torch.testing.assert_close(metric.score(generated=generated, reference=reference), theirs, rtol=1e-6, atol=0)
    torch.testing.assert_close(
        metric(generated=generated, reference=reference), theirs.double().mean(), rtol=1e-6, atol=0
    )
    assert metric.score(generated=reference, reference=reference).abs().max() == 0
    grey = generated[:, :1], reference[:, :1]
    repeated = placed(*(z.repeat(1, 3, 1, 1) for z in grey), normalize=True).flatten()
    torch.testing.assert_close(metric.score(generated=grey[0], reference=grey[1]), repeated, rtol=1e-6, atol=0)


def test_bad_inputs_are_refused_by_name(placed: nn.Module, pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = pair
    metric = LPIPS()
    with pytest.raises(NonFiniteError, match="lpips: reference holds NaN"):
        metric.update(generated=generated, reference=reference * torch.nan)
    with pytest.raises(DataError, match=r"lpips: generated must lie in \[0, 1\]"):
        metric.update(generated=2 * generated - 1, reference=reference)
    with pytest.raises(DataError, match=r"lpips: generated .* differ in shape"):
        metric.update(generated=generated[:1], reference=reference)
    with pytest.raises(DataError, match="lpips takes 1 or 3 channels, got 2"):
        metric.update(generated=generated[:, :2], reference=reference[:, :2])
    with pytest.raises(DataError, match="lpips: images of 30x36 are too small: both sides must be at least 31"):
        metric.update(generated=generated[:, :, :30], reference=reference[:, :, :30])


def test_absent_and_unfitting_weights(empty_cache: Path) -> None:
    with pytest.raises(DataError, match=r"lpips net=vgg: vgg16-397923af.pth is not in .*: place it there"):
        LPIPS(net="vgg")
    with pytest.raises(ConfigurationError, match="lpips: net 'resnet' is unknown: choose one of alex, squeeze, vgg"):
        LPIPS(net="resnet")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="lpips: the weights do not fit squeeze"):
        network("squeeze", {})


def test_two_processes_give_the_value_of_one(placed: nn.Module, pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = (torch.cat((z, z[:1].flip(-1))) for z in pair)
    shares = (slice(0, 1), slice(1, 3))
    metric = LPIPS()

    def value(rank: int) -> Tensor:
        metric.update(generated=generated[shares[rank]], reference=reference[shares[rank]])
        result: Tensor = metric.compute()
        return result

    results = across_processes(value)
    alone = metric(generated=generated, reference=reference)
    for result in results:
        torch.testing.assert_close(result, alone, rtol=1e-6, atol=0)
