"""Runs: a configuration turned into objects, computed, and written to a directory that is whole or absent."""
