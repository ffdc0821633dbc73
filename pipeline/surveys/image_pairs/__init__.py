"""The adapter of surveys of science images and templates alone, which are subtracted and searched."""
