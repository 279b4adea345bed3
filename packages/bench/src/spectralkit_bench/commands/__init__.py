"""The commands of this package, one a file; torch is imported only as they run."""
