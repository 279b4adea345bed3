"""Charts as SVG in the page: they take their colours from its style sheet, so that they follow light and dark."""
