"""Speed and memory as ratios against a floor, measured in alternation in one run: ``nox -s bench``."""
