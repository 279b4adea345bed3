"""Comparisons, grids of runs, sweeps, figures and reports for spectralkit."""
