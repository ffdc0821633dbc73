"""Sky positions and pixels: projections, how far a projection is off, and whether a table agrees with it."""
