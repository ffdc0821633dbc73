"""New cutouts made from science, template and difference cutouts: reals, artefacts, mover pairs."""
