"""Images before anything is detected on them: frame, noise, masks, sources, convolution."""
