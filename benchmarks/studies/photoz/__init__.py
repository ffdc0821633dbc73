"""Photometric redshifts of real catalogues, by a recipe that was fixed before they were judged."""
