"""What carries a package's graph, and in which numbers."""
