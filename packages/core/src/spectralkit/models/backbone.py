"""diffusers' class-conditional networks, told embeddings in place of class numbers.

A condition of this toolkit is always an embedding: null-class inversion optimises one, negative-prompt inversion
interpolates between two. diffusers' networks look theirs up inside, by number. Here the look-up is taken out of a
frozen copy, and its rows are handed back as a table: K + 1 of them, the last the null class.

* ``UNet2DModel``: one row of the class table, added to the embedding of the timestep.
* ``DiTTransformer2DModel`` (Peebles & Xie 2023): every block has a table of its own, so a row is one vector a block.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from spectralkit.diffusion.frozen import frozen
from spectralkit.errors import DataError
from spectralkit.torchvision_fix import repair_torchvision


class Told(nn.Module):
    """A diffusers network as ``F(x, label, embedding)``."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        """(B, C, H, W), (B,), (B, ...) -> (B, C, H, W), contiguous whatever the layout of the weights."""
        output = self.network(x, label, class_labels=embedding, return_dict=False)[0]
        return cast(Tensor, output.contiguous())


class Row(nn.Module):
    """Stands where a block looked its row up: (B, blocks, D) -> (B, D)."""

    def __init__(self, block: int) -> None:
        super().__init__()
        self.block = block

    def forward(self, embedding: Tensor) -> Tensor:
        """The vector of this block."""
        return embedding[:, self.block]


def told(network: nn.Module) -> tuple[Told, Tensor]:
    """A frozen copy that is told embeddings, and the table (K + 1, ...) of those it knows; weights are shared.

    Args:
        network: diffusers' ``UNet2DModel`` with ``num_class_embeds``, or ``DiTTransformer2DModel``.

    Raises:
        DataError: If it is another network, or knows no classes.
    """
    repair_torchvision()
    from diffusers import DiTTransformer2DModel, UNet2DModel

    copy = frozen(network)
    if isinstance(copy, UNet2DModel) and isinstance(copy.class_embedding, nn.Embedding):
        table = copy.class_embedding.weight.detach()
        copy.class_embedding = nn.Identity()
        return Told(copy).eval(), table
    if isinstance(copy, DiTTransformer2DModel):
        embedders = [block.norm1.emb for block in copy.transformer_blocks]
        table = torch.stack([embedder.class_embedder.embedding_table.weight.detach() for embedder in embedders], dim=1)
        for i, embedder in enumerate(embedders):
            embedder.class_embedder = Row(i)
        return Told(copy).eval(), table
    raise DataError(f"a {type(network).__name__} without classes cannot be conditioned: use sk.from_network")


def multiple(network: nn.Module) -> int | None:
    """What the sides of x must be divisible by; None where they are fixed (position embeddings)."""
    from diffusers import UNet2DModel

    return 2 ** (len(network.config.block_out_channels) - 1) if isinstance(network, UNet2DModel) else None
