"""What scores become: calibrated, combined by object, ranked for the people who look at a night."""
