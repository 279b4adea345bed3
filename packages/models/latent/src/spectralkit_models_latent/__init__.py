"""Latent diffusion models of histology for spectralkit."""
