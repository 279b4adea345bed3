"""The models that claims speak of, and what fills their roles here.

EDM enters its level list with noise of ``sigma_min``, so that what its prediction target does and what this noise does
cannot be told apart. Beside each EDM model stands therefore the same model without that noise. And ``ddim-x0`` must
end at a level that leaves a little noise on the image, which ``ddim`` need not: beside it stands ``ddim`` ending there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError

NOISE = ("standard", "renoise", "taba", "ovg", "ovg+taba")
IMAGE = ("standard", "taba", "ovg")
QUIET: Mapping[str, Any] = {"start_noise": 0.0}


@attrs.frozen
class Role:
    """What a claim needs of a model.

    Args:
        told: The model in words.
        methods: What is run on it.
        of: The role whose model is run otherwise, where it is such a one.
        settings: How it is run then: parameters of the model.
    """

    told: str
    methods: tuple[str, ...]
    of: str | None = None
    settings: Mapping[str, Any] = attrs.field(factory=dict)


ROLES: Mapping[str, Role] = {
    "ddim-latent": Role("U-Net on latents, VP, noise or velocity prediction", NOISE),
    "dit-latent": Role("DiT on latents, VP, noise or velocity prediction", NOISE),
    "edm-latent": Role("U-Net on latents, EDM", IMAGE),
    "edm-latent-quiet": Role("U-Net on latents, EDM, without entry noise", ("standard",), "edm-latent", QUIET),
    "ddim": Role("U-Net on pixels, VP, noise or velocity prediction", NOISE),
    "ddim-level": Role("The same, to the level at which `ddim-x0` must end", ("standard",), "ddim", {"final": "level"}),
    "ddim-x0": Role("U-Net on pixels, VP, image prediction", IMAGE),
    "edm-pixel": Role("U-Net on pixels, EDM", IMAGE),
    "edm-pixel-quiet": Role("U-Net on pixels, EDM, without entry noise", ("standard",), "edm-pixel", QUIET),
}
COLLAPSING = ("ddim-latent", "dit-latent", "ddim")
"""Those of which the paper says that their standard inversion collapses."""

LATENT, PIXEL = ("ddim-latent", "dit-latent", "edm-latent"), ("ddim", "ddim-x0", "edm-pixel")


@attrs.frozen
class Filled:
    """A role with the model that plays it.

    Args:
        role: Which.
        source: Registered name, or a checkpoint directory.
    """

    role: str
    source: str

    @classmethod
    def read(cls, text: str) -> Filled:
        """``ddim``, or ``ddim-latent=runs/train/ddim-latent``.

        Raises:
            ConfigurationError: If there is no such role.
        """
        role, _, source = text.partition("=")
        if role not in ROLES or ROLES[role].of:
            known = ", ".join(name for name in ROLES if not ROLES[name].of)
            raise ConfigurationError(
                f"no claim speaks of a model {role!r}: write ROLE or ROLE=MODEL; roles are {known}"
            )
        return cls(role, source or role)

    def otherwise(self) -> tuple[Filled, ...]:
        """The roles that the same model plays, run otherwise."""
        return tuple(Filled(name, self.source) for name, role in ROLES.items() if role.of == self.role)

    @property
    def settings(self) -> dict[str, Any]:
        """Of a run, for its model."""
        found = ROLES[self.role].settings
        return {"model": dict(found)} if found else {}
