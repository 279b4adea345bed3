"""A cell: one run of a grid, known by what it is."""
