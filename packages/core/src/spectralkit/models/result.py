"""What inverting and sampling with a model give: values that hold everything a reader asks for."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from torch import Tensor

from spectralkit.diffusion.batch import shape_of
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.meter import Cost
from spectralkit.inversion.parts import Inversion, State
from spectralkit.models.model import Model


@attrs.frozen(eq=False)
class Inverted:
    """The result of :func:`spectralkit.invert`, and what :func:`spectralkit.sample` starts from.

    Args:
        latent: (B, c, h, w), the terminal latent divided by the schedule's unit scale, as statistics expect it.
        inversion: The latent as it is, the trajectory where kept, diagnostics.
        context: What it was made with.
    """

    latent: Tensor = attrs.field(repr=shape_of)
    inversion: Inversion
    context: Context = attrs.field(repr=False)

    @property
    def cost(self) -> Cost:
        """Network evaluations per sample."""
        return self.inversion.cost

    def check_schedule(self, model: Model) -> None:
        """Refuse a model whose levels are not those that were climbed.

        Raises:
            ConfigurationError: If they differ.
        """
        levels = self.context.levels
        if model.schedule.levels(len(levels) - 1) != levels:
            raise ConfigurationError(f"the inversion has other levels than model '{model.name}' has: use its own model")


@attrs.frozen(eq=False)
class Output:
    """The result of :func:`spectralkit.translate` and :func:`spectralkit.sample`.

    Args:
        images: (B, C, H, W) in [0, 1], the translated images, in the precision of the solver's state.
        latent: (B, c, h, w), the terminal latent divided by the schedule's unit scale, as statistics expect it.
        inversion: The latent as it is, the trajectory where kept.
        cost: Network evaluations per sample of what the call did.
        records: Diagnostics of inversion and sampling by name, (steps, B) each.
        state: What the sampler carried last: EDICT's second branch, BDIA's last state, null-class's embeddings.
    """

    images: Tensor = attrs.field(repr=shape_of)
    latent: Tensor = attrs.field(repr=shape_of)
    inversion: Inversion
    cost: Cost
    records: Mapping[str, Tensor] = attrs.field(repr=lambda records: repr(sorted(records)))
    state: State = attrs.field(repr=False)
