"""Diffusion processes: levels, predictions, parameterizations and denoisers."""
