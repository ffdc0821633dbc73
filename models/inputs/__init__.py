"""What a classifier takes in: pixels by a contract, and columns of the candidates that may be shown to it."""
