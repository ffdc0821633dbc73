"""Which rows of two lists of sky positions are the same source, and which positions of one list belong together."""
