"""Rectified flow for spectralkit."""
