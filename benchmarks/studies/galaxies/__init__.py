"""Classes of real galaxies from few images, by a recipe that was fixed before they were judged."""
