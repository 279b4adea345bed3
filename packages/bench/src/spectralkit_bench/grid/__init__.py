"""A grid: lists of models, data, scales, methods and seeds, and the table that its runs are for."""
