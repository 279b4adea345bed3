"""diffusers' networks told embeddings give what they give for class numbers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from spectralkit.errors import DataError
from spectralkit.models.backbone import told
from spectralkit.torchvision_fix import repair_torchvision

repair_torchvision()

from diffusers import DiTTransformer2DModel, UNet2DModel  # noqa: E402  (importable only after the repair)

CLASSES = 3


def unet(**options: object) -> UNet2DModel:
    torch.manual_seed(0)
    return UNet2DModel(
        **{
            "sample_size": 8,
            "in_channels": 4,
            "out_channels": 4,
            "block_out_channels": (8, 16),
            "norm_num_groups": 4,
            "num_class_embeds": CLASSES + 1,
            "down_block_types": ("DownBlock2D", "DownBlock2D"),
            "up_block_types": ("UpBlock2D", "UpBlock2D"),
            **options,
        }
    )


def dit() -> DiTTransformer2DModel:
    torch.manual_seed(0)
    network = DiTTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=8,
        in_channels=4,
        num_layers=3,
        sample_size=8,
        patch_size=2,
        num_embeds_ada_norm=CLASSES,
    )
    for parameter in network.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return network


@pytest.mark.parametrize("build", [unet, dit])
def test_an_embedding_tells_what_its_class_number_tells(build):
    network = build()
    copy, table = told(network)
    assert len(table) == CLASSES + 1
    network.eval()
    x, label = torch.randn(CLASSES + 1, 4, 8, 8), torch.tensor([0.0, 3.5, 500.0, 981.0])
    classes = torch.arange(CLASSES + 1)
    with torch.no_grad():
        expected = network(x, label, class_labels=classes).sample
    torch.testing.assert_close(copy(x, label, table), expected)


@pytest.mark.parametrize("build", [unet, dit])
def test_the_network_is_left_as_it_was(build):
    network = build().train()
    names = set(network.state_dict())
    copy, _ = told(network)
    assert set(network.state_dict()) == names
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert not copy.training
    assert not any(parameter.requires_grad for parameter in copy.parameters())


@pytest.mark.parametrize("build", [unet, dit])
def test_gradients_reach_the_embedding(build):
    copy, table = told(build())
    embedding = table[:1].clone().requires_grad_()
    copy(torch.randn(1, 4, 8, 8), torch.tensor([500.0]), embedding).square().sum().backward()
    assert (embedding.grad != 0).any(dim=-1).all()  # of every block


@pytest.mark.parametrize("network", [nn.Conv2d(3, 3, 1), unet(num_class_embeds=None)])
def test_a_network_without_classes_is_refused(network):
    with pytest.raises(DataError, match="cannot be conditioned"):
        told(network)
