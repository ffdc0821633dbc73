"""Many trainings of one recipe: tuning, and the scan over the number of training rows."""
