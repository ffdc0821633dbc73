"""Sky positions and pixels: projections, how far one is off, and whether a table states the same."""
