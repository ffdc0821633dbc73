"""Networks of the ablations, as files of a user's own that a recipe names as ``module``."""
