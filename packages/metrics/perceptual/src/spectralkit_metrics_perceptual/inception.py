"""Inception-v3 features as the field's FID takes them: the network of 2015-12-05 with its 2,048 pooled features.

The architecture, with TensorFlow's resizing to 299 x 299 and its pooling, is torch-fidelity's; the weights must be
placed by hand (see :mod:`spectralkit_metrics_perceptual.weights`).
"""

from __future__ import annotations

from io import BytesIO

import torch
from torch import Tensor, nn

from spectralkit.torchvision_fix import repair_torchvision
from spectralkit_metrics_perceptual.features import Features
from spectralkit_metrics_perceptual.weights import INCEPTION, load


def network(state: dict[str, Tensor]) -> nn.Module:
    """The network with the weights ``state``."""
    repair_torchvision()
    from torch_fidelity.feature_extractor_inceptionv3 import (  # type: ignore[import-untyped]
        FeatureExtractorInceptionV3,
    )

    # Its constructor unpickles without restriction, so it is handed a file of our own making, never the user's.
    stream = BytesIO()
    torch.save(state, stream)
    stream.seek(0)
    net: nn.Module = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], feature_extractor_weights_path=stream)
    return net


class InceptionFeatures(Features):
    """The 2,048 pooled features of Inception-v3.

    Raises:
        DataError: If the weights are absent or corrupt.
    """

    dimension = 2048

    def __init__(self) -> None:
        super().__init__()
        self.network = network(load(INCEPTION))
        self.eval()

    def extract(self, images: Tensor) -> Tensor:
        """Feature vectors (B, 2048) of 8-bit RGB images (B, 3, H, W)."""
        (features,) = self.network(images)
        return torch.as_tensor(features)
