r"""CycleDiff (Zou et al. 2025): the clean component of every state is translated, the noise component is the target's.

The paper's diffusion is decoupled, with t from 0 to 1:

.. math::
    u_t = (1 - t) x_0 + t \epsilon, \qquad \frac{d u_t}{d t} = C + \epsilon, \qquad C = -x_0.

Two heads predict C and the noise. Any process x = alpha x_0 + sigma eps is such a one in ``u = x / (alpha + sigma)``
and ``t = sigma / (alpha + sigma)``, and any model here has both heads, ``C = -x0_hat`` and ``eps_hat``. With G the
translator from source to target:

1. climb to the noisiest level under the source condition, keeping C_i of every level i;
2. descend from the same state under the target condition, integrating the equation with translated components:

.. math::
    u' = u + (t' - t_i) \big(G(C_i, t_i) + \hat\epsilon(x, i; \text{target})\big).

Where C is the model's own at u, this step is the transition that all solvers share. A translated component belongs to
another state, so the step is written out: ``alpha' x0_hat + sigma' eps_hat`` would forget u, and end in G(C_1) alone.

C_i is paired with the level that it was predicted at, as in training, so the noisiest level is evaluated under the
source condition too. Where the climb begins above level 0, a component below comes from x_0 noised by the noise that
the climb began with.
"""

from __future__ import annotations

from pathlib import Path

import attrs
from torch import Tensor, nn

from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Encoded, Inversion, Parts
from spectralkit.inversion.probe import Probe
from spectralkit_methods_cyclediff.directory import read_translators
from spectralkit_methods_cyclediff.translators import Translators, time_of

Components = dict[int, Tensor]
"""C_i, (B, C, H, W), by the index i of its level."""


def component(context: Context, x: Tensor, index: int) -> Tensor:
    """C at the level ``index`` under the source condition, (B, C, H, W); one evaluation."""
    return -context.predict(x, context.levels[index], context.source, context.inversion_guidance).x0


@attrs.frozen
class ComponentStep:
    """The standard transition towards noise; it carries the :data:`Components` of the levels it has left.

    Args:
        translators: For which they are collected.
    """

    translators: Translators

    def init(self, encoded: Encoded, context: Context) -> Components:
        """The components of the levels below the one where the climb begins.

        Raises:
            ConfigurationError: If the translators are for another model, source or shape, or the network is to be told
                another level than the one x is at.
        """
        self.translators.check_source(context)
        context.need_current_label("cyclediff's translators know components as the level that x is at shows them")
        below = context.states_below(encoded.x, encoded.index)
        return {index: component(context, below[index], index) for index in range(1, encoded.index)}

    def __call__(self, probe: Probe, here: Level, there: Level, state: Components) -> tuple[Tensor, Components]:
        prediction = probe.prediction
        return move(prediction, there), {**state, probe.index: -prediction.x0}


@attrs.frozen(eq=False)
class Carried:
    """What sampling carries.

    Args:
        components: Of the source.
        network: G, where the state is.
    """

    components: Components = attrs.field(repr=lambda components: f"{len(components)} components")
    network: nn.Module = attrs.field(repr=False)


@attrs.frozen
class ComponentSampler:
    """The transition towards the target: its noise is the target's, its clean component the translated one.

    Args:
        translators: What translates.
    """

    translators: Translators
    needs_trajectory: bool = attrs.field(default=False, init=False)

    def init(self, inversion: Inversion, context: Context) -> tuple[Tensor, Carried]:
        """The noisiest state, and with its own the components of all levels.

        Raises:
            ConfigurationError: If another method inverted, or the translators are for other conditions.
        """
        if not isinstance(inversion.memory, dict):
            raise ConfigurationError(
                "cyclediff translates the components that its inversion collected: invert with cyclediff too"
            )
        network = self.translators.between(context)
        top = component(context, inversion.latent, inversion.index)
        return inversion.latent, Carried({**inversion.memory, inversion.index: top}, network)

    def __call__(self, probe: Probe, here: Level, there: Level, state: Carried) -> tuple[Tensor, Carried]:
        component, t = state.components[probe.index], time_of(here)
        translated = state.network(component, component.new_full((len(component),), t))
        u = probe.x / (here.alpha + here.sigma) + (time_of(there) - t) * (translated + probe.prediction.eps)
        return (there.alpha + there.sigma) * u, state


def cyclediff(translators: str | Path | Translators | None = None) -> Parts:
    """Translate the clean component of every state, with networks trained for one model and two of its conditions.

    Args:
        translators: Directory that `spectralkit train-cyclediff` made, or Translators.

    Raises:
        ConfigurationError: If there are none.
        DataError: If the directory holds none, or is damaged.
    """
    if translators is None:
        raise ConfigurationError(
            "cyclediff needs translators, trained for a model and two of its conditions: make them with `spectralkit "
            "train-cyclediff --model MODEL --out DIR`, then use cyclediff(translators='DIR')"
        )
    if not isinstance(translators, Translators | Path | str):
        raise ConfigurationError(f"translators of cyclediff must be a directory, got {type(translators).__name__}")
    found = translators if isinstance(translators, Translators) else read_translators(Path(translators))
    return Parts(step=ComponentStep(found), sampler=ComponentSampler(found), name="cyclediff")
