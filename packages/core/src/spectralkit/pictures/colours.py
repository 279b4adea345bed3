"""Images of any number of channels as a person sees them: grey and RGB as they are, all others in false colours.

n channels are given colours of full saturation, evenly spaced around the circle of hues from magenta on (two are
magenta and green, which the colour-blind tell apart too), and laid over one another as lights on a screen,

    shown = 1 - prod_c (1 - x_c colour_c),

which is each channel's own colour where it is alone, never darker for a further one, and never beyond 1.
"""

from __future__ import annotations

from colorsys import hsv_to_rgb

from torch import Tensor

MAGENTA = 5 / 6
"""Its hue."""


def shown(image: Tensor) -> Tensor:
    """(C, H, W) in [0, 1] -> (1, H, W) or (3, H, W) in [0, 1]."""
    channels = len(image)
    if channels in (1, 3):
        return image
    hues = [(MAGENTA + c / channels) % 1 for c in range(channels)]
    colours = image.new_tensor([hsv_to_rgb(hue, 1.0, 1.0) for hue in hues])
    return 1 - (1 - image[:, None] * colours[:, :, None, None]).prod(dim=0)
