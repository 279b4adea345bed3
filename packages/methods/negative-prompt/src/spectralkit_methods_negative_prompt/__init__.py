"""Negative-prompt inversion for spectralkit."""

from spectralkit_methods_negative_prompt.negative_prompt import NegativePromptSampler, negative_prompt, slerp

__all__ = ["NegativePromptSampler", "negative_prompt", "slerp"]
