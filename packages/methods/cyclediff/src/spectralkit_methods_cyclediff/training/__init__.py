"""The training of the translators; it needs ``spectralkit-models-training``."""
