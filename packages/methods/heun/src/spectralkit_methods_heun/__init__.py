"""Heun's second-order step for spectralkit."""

from spectralkit_methods_heun.heun import HeunSampler, HeunStep, heun

__all__ = ["HeunSampler", "HeunStep", "heun"]
