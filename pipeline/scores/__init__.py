"""What is done with scores: calibration, combination by object, ranking for the people who look at a night."""
