"""Detection of candidates on a difference image, and their veto by a catalogue."""
