"""EDM for spectralkit: parameterization and a trained model."""
