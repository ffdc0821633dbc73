"""What all detections of an exposure, and of a night, say of each of them: lines, clouds, crowds, repeated pixels."""
