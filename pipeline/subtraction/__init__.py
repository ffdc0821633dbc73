"""From two images to a difference: registration, matching kernel, subtraction, predicted noise."""
