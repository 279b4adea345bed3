"""Training of class-conditional diffusion models for spectralkit."""
