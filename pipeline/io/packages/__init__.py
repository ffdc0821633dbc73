"""Model packages on disk."""
