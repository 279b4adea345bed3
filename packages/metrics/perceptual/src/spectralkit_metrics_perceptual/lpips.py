r"""Learned perceptual image patch similarity.

.. math:: d(x, y) = \sum_l \operatorname{mean}_{hw} \lVert w_l \odot (\hat\phi_l(x) - \hat\phi_l(y)) \rVert^2

with :math:`\hat\phi_l` the channel-normalised activations of an ImageNet network on images mapped to [-1, 1], and
:math:`w_l` fitted to human judgements. Network and :math:`w_l` are those of the ``lpips`` package, version 0.1; the
backbone's weights must be placed by hand (see :mod:`spectralkit_metrics_perceptual.weights`).

Zhang, Isola, Efros, Shechtman and Wang, CVPR 2018.
"""

from __future__ import annotations

import warnings
from typing import Self, get_args

import torch
from torch import Tensor, nn

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.metric import MeanScore, check_images
from spectralkit_metrics_perceptual.weights import NETS, Net, load

SIDES: dict[Net, int] = {"alex": 31, "squeeze": 17, "vgg": 16}
"""The least side that a network's last layer can see."""


def network(net: Net, state: dict[str, Tensor]) -> nn.Module:
    """LPIPS on a backbone.

    Args:
        net: The backbone's architecture.
        state: Its weights, under torchvision's names.

    Raises:
        DataError: If the weights do not fit the architecture.
    """
    import lpips

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The parameter 'pretrained' is deprecated")  # lpips' call, not ours
        warnings.filterwarnings("ignore", "Arguments other than a weight enum")
        # Built untrained, since lpips would download; the weights follow.
        model: nn.Module = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    backbone = model.get_submodule("net")
    # lpips cuts torchvision's ``features`` into slices and keeps their numbers: slice2.3.weight is features.3.weight.
    names = {key: f"features.{key.partition('.')[2]}" for key in backbone.state_dict()}
    try:
        backbone.load_state_dict({key: state[name] for key, name in names.items()})
    except (KeyError, RuntimeError) as error:
        raise DataError(f"lpips: the weights do not fit {net}: {str(error).splitlines()[0]}") from error
    return model.eval().requires_grad_(False)


def lpips_values(network: nn.Module, generated: Tensor, reference: Tensor) -> Tensor:
    """LPIPS of each image.

    Args:
        network: As :func:`network` builds it.
        generated: (B, 1 or 3, H, W) in [0, 1].
        reference: (B, 1 or 3, H, W) in [0, 1].

    Returns:
        (B,), non-negative.
    """
    x, y = (2 * image.float().expand(-1, 3, -1, -1) - 1 for image in (generated, reference))
    values: Tensor = network(x, y)
    return values.flatten()


class LPIPS(MeanScore):
    """Mean over images of the learned perceptual distance.

    Args:
        net: Backbone: ``alex`` (the paper's and the default), ``squeeze`` or ``vgg``.

    Raises:
        ConfigurationError: On an unknown backbone.
        DataError: If the backbone's weights are absent or corrupt.
    """

    higher_is_better = False

    def __init__(self, net: Net = "alex") -> None:
        super().__init__()
        if net not in get_args(Net):
            raise ConfigurationError(f"lpips: net {net!r} is unknown: choose one of {', '.join(get_args(Net))}")
        self.side = SIDES[net]
        self.network = network(net, load(NETS[net]))

    def train(self, mode: bool = True) -> Self:
        """Keep the network in evaluation mode, whatever ``mode``: it has dropout layers."""
        super().train(mode)
        self.network.eval()
        return self

    def score(self, generated: Tensor, reference: Tensor) -> Tensor:
        """LPIPS of each image, (B,).

        Raises:
            DataError: On inputs too small, of different shape, of other than 1 or 3 channels, or outside [0, 1].
            NonFiniteError: On NaN or infinity.
        """
        check_images("lpips", generated=generated, reference=reference)
        channels, height, width = generated.shape[1:]
        if channels not in (1, 3):
            raise DataError(f"lpips takes 1 or 3 channels, got {channels}")
        if min(height, width) < self.side:
            raise DataError(f"lpips: images of {height}x{width} are too small: both sides must be at least {self.side}")
        with torch.no_grad():
            return lpips_values(self.network, generated, reference)
