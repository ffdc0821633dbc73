"""Stars, galaxies and quasars of a real catalogue, by a recipe that was fixed before they were judged."""
