"""How well differences of real frames are normalised."""
