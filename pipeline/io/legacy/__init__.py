"""Sets of stamps in the files of other systems, read and written: one module per format."""
