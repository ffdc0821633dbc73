"""The formats of results, and how they are committed, sealed and read again."""
