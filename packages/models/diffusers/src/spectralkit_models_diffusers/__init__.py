"""Models that diffusers saved, for spectralkit."""
