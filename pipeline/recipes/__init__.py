"""What files of ``config/`` say, as frozen dataclasses: data sets, simulations, draws; light to import."""
