"""``spectralkit figures``: the figures of "Spectral Collapse in Diffusion Inversion", of any runs."""
