"""Images before anything is found on them: frame, noise, masks, sources, convolution."""
