"""CelebAMask-HQ, for spectralkit."""

from spectralkit_datasets_celebamask.celebamask import celebamask

__all__ = ["celebamask"]
