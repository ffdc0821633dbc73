"""Science image and template of an exposure, read whole."""

import numpy as np
from astropy.io.fits import Header

from pipeline.cutouts.missing import to_missing
from pipeline.surveys.base import ExposureImages
from pipeline.surveys.difference_settings import DifferenceSettings
from pipeline.surveys.exposures.files import ExposureFiles


def read_pair(files: ExposureFiles, magic: tuple[float, ...]) -> ExposureImages:
    """Return science image and template of an exposure, and how the survey makes their difference.

    Where it has no template (``difference: none``) that is an image of zeros, which states nothing.

    Parameters
    ----------
    files : ExposureFiles
        The exposure's.
    magic : tuple of float
        Values that mean "missing".

    Raises
    ------
    InputError
        If the exposure names no such image, or it cannot be read.
    """
    settings = files.images.difference or DifferenceSettings(alignment="none")
    images, variances, headers, names = {}, {}, {}, {}
    for channel in ("science", "template") if settings.has_template else ("science",):
        file, hdu = files.channel(channel)
        pixels, header = file.image(hdu)
        mask = files.mask(channel)
        pixels = to_missing(pixels, magic)[0]
        images[channel] = pixels if mask is None else mask.applied(pixels)
        properties = settings.science if channel == "science" else settings.template
        headers[channel] = _with_primary(header, file.header(0), properties.keys)
        names[channel] = files.name(channel)
        variance = variances[channel] = None if mask is None else mask.variance()
        if variance is not None:
            images[channel][~np.isfinite(variance)] = np.nan
    return ExposureImages(
        exposure=files.exposure,
        science=images["science"],
        template=images.get("template", np.zeros_like(images["science"])),
        science_header=headers["science"],
        template_header=headers.get("template", Header()),
        science_variance=variances["science"],
        template_variance=variances.get("template"),
        difference=settings,
        science_file=names["science"],
        template_file=names.get("template", ""),
    )


def _with_primary(header: Header, first: Header, keys: tuple[str, ...]) -> Header:
    """Return the header of an image with what only its file's first header says of gain, noise and so on."""
    joined = header.copy()
    for key in keys:
        if key not in joined and key in first:
            joined[key] = first[key]
    return joined
