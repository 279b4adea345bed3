"""Ways to run the cells of a store: in this process, in several, or on a cluster."""
