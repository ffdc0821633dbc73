"""Studies that are made once and cited in the docs, by subject."""
