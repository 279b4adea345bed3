"""A store: cells, their run directories and the grids they belong to, in one folder that many processes share."""
