"""FITS images: pixels, projections, what headers claim; PSF files; hotpants."""
