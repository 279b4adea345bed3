"""The page of the reproduction: each claim of the paper, our figures, and a verdict that a stated rule computes."""
