"""Inversion: parts, the driver, method expressions and per-sample noise."""
