"""The feature networks: the weights sit where they belong, and nothing trains."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from skimage.data import astronaut, chelsea
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit_metrics_perceptual import InceptionFeatures, Lite0Features, fd_lite0, fid, kd_lite0, kid
from spectralkit_metrics_perceptual.features import to_bytes
from spectralkit_metrics_perceptual.inception import network as inception_network
from spectralkit_metrics_perceptual.lite0 import network, normalised
from spectralkit_metrics_perceptual.weights import INCEPTION

CATS = range(281, 286)  # ImageNet's tabby, tiger cat, Persian, Siamese, Egyptian


@pytest.fixture(scope="module")
def lite0() -> Lite0Features:
    return Lite0Features()


@pytest.fixture
def cat() -> Tensor:
    """(1, 3, 300, 451), 8 bits."""
    return torch.from_numpy(chelsea()).permute(2, 0, 1)[None]


def test_lite0_knows_a_cat(cat: Tensor) -> None:
    net = network()
    assert set(net(normalised(cat)).topk(3).indices[0].tolist()) <= set(CATS)
    assert not net.training
    assert not any(parameter.requires_grad for parameter in net.parameters())


def test_lite0_sees_bytes_around_zero_at_224() -> None:
    images = torch.tensor([0, 127, 255], dtype=torch.uint8).view(3, 1, 1, 1).expand(3, 3, 50, 40)
    expected = torch.tensor([-127 / 128, 0.0, 1.0]).view(3, 1, 1, 1).expand(3, 3, 224, 224)
    torch.testing.assert_close(normalised(images), expected)


def test_lite0_features_are_what_the_classifier_reads(lite0: Lite0Features, cat: Tensor) -> None:
    features = lite0(cat / 255)
    assert features.shape == (1, lite0.dimension)
    torch.testing.assert_close(lite0.network.classifier(features), lite0.network(normalised(cat)))


def test_networks_stay_in_evaluation_mode(lite0: Lite0Features, cat: Tensor) -> None:
    before = lite0(cat / 255)
    torch.testing.assert_close(lite0.train()(cat / 255), before, rtol=0, atol=0)
    metric = fd_lite0(targets=lambda: iter(()))
    assert not metric.train().features.training


def test_lite0_distances_tell_images_apart(cat: Tensor) -> None:
    def crops(image: Tensor, start: int) -> Tensor:
        return torch.stack([image[:, i : i + 96, i : i + 96] for i in range(start, start + 40, 8)]) / 255

    other = torch.from_numpy(astronaut()).permute(2, 0, 1)
    metric = kd_lite0(targets=lambda: iter(crops(cat[0], 60)))
    near, far = (metric(generated=crops(image, 64)) for image in (cat[0], other))
    assert near < far


def test_to_bytes_rounds_and_repeats_grey() -> None:
    grey = torch.tensor([0.0, 0.4 / 255, 0.6 / 255, 1.0]).view(1, 1, 2, 2)
    expected = torch.tensor([0, 0, 1, 255], dtype=torch.uint8).view(1, 1, 2, 2).expand(1, 3, 2, 2)
    assert torch.equal(to_bytes(grey), expected)


@pytest.mark.parametrize("build", [fid, kid])
def test_inception_without_weights_says_what_to_do(build: type, empty_cache: Path) -> None:
    with pytest.raises(DataError) as caught:
        build(targets=lambda: iter(()))
    message = str(caught.value)
    assert INCEPTION.file in message
    assert str(empty_cache) in message
    assert INCEPTION.source in message
    assert "\n" not in message


def test_inception_takes_its_features_from_placed_weights(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, cat: Tensor
) -> None:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    torch.manual_seed(0)
    with monkeypatch.context() as patch:  # an untrained network, which its constructor does not offer
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
        untrained = inception_network({})
    torch.save(untrained.state_dict(), empty_cache / INCEPTION.file)
    with pytest.raises(DataError, match="does not begin with 6726825d"):
        InceptionFeatures()
    monkeypatch.setattr("spectralkit_metrics_perceptual.weights.matches", lambda path, digits: True)
    features = InceptionFeatures()(cat / 255)
    assert features.shape == (1, InceptionFeatures.dimension)
    torch.testing.assert_close(features, untrained(cat)[0])
