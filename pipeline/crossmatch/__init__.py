"""Who is who between lists of sky positions, and which positions are one thing."""
