"""The adapter of older systems' files of cutouts."""
