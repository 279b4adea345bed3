"""The network's evaluation at one point, shared by everything that a step needs."""

from __future__ import annotations

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.denoiser import Condition, evaluations
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.schedule import Level
from spectralkit.inversion.context import Context


@attrs.define(eq=False)
class Probe:
    """The network at (x, level, condition); evaluated on first use, once.

    Args:
        context: The run it belongs to.
        x: (B, C, H, W), the state.
        level: The level it is evaluated at; its label is what the network is told.
        index: Position of ``x`` in ``context.levels``.
        condition: Source or target condition.
        guidance: Guidance weight.
        differentiable: Whether to keep the graph that :meth:`vjp` needs.
    """

    context: Context
    x: Tensor
    level: Level
    index: int
    condition: Condition
    guidance: float
    differentiable: bool = False
    _point: Tensor | None = attrs.field(default=None, init=False)
    _live: Prediction | None = attrs.field(default=None, init=False)
    _prediction: Prediction | None = attrs.field(default=None, init=False)

    @property
    def prediction(self) -> Prediction:
        """``x0_hat`` and ``eps_hat``, detached."""
        if self._prediction is None:
            with torch.set_grad_enabled(self.differentiable):
                self._point = self.x.detach().requires_grad_(self.differentiable)
                self._live = self.context.predict(self._point, self.level, self.condition, self.guidance)
            self._prediction = Prediction(self._live.x0.detach(), self._live.eps.detach())
        return self._prediction

    @property
    def x0_hat(self) -> Tensor | None:
        """The predicted clean image, where the network has been evaluated; asking costs nothing."""
        return None if self._prediction is None else self._prediction.x0

    def vjp(self, *, x0: Tensor | None = None, eps: Tensor | None = None) -> Tensor:
        """``J^T w`` summed over the given cotangents of ``x0_hat`` and ``eps_hat``; (B, C, H, W).

        The Jacobian is taken with respect to x through the network, the conversion to a prediction included.

        Raises:
            ConfigurationError: If the network passes no gradient back.
        """
        if not self.differentiable:
            raise ValueError("this probe keeps no graph: create it with differentiable=True")
        _ = self.prediction
        assert self._live is not None
        assert self._point is not None
        pairs = [(out, w) for out, w in ((self._live.x0, x0), (self._live.eps, eps)) if w is not None]
        self.context.check_differentiable("state", *(out for out, _ in pairs))
        self.context.meter.backward_rows += evaluations(self.guidance, self.condition) * self.x.shape[0]
        outputs, cotangents = zip(*pairs, strict=True)
        return torch.autograd.grad(outputs, self._point, cotangents, retain_graph=True)[0]

    def at(self, x: Tensor, level: Level) -> Probe:
        """The same network under the same condition at another point."""
        return Probe(self.context, x, level, self.index, self.condition, self.guidance)
