"""Model packages: directories that hold everything a score depends on, and what makes them of trained models."""
