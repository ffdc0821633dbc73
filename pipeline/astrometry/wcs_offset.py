"""How far the projection of a science image is off by the stars of both images: reported, refused, and corrected.

The template's projection is the reference. Its stars, mapped onto the science image by both projections, should lie on
the same stars there; if all of them are off by the same shift, that shift is the error of the science image's
projection.
"""

from typing import Final

from astropy.wcs import WCS, Sip

from pipeline.errors import InputError

OFF_PIXEL: Final = 1.0
"""A larger offset is worth a remark, and a template aligned with it is aligned again; usual astrometry gives 0.1 to
0.3."""


def moved(wcs: WCS, x_offset: float, y_offset: float) -> WCS:
    """Return a projection that has at a pixel the sky position which the given one has at that pixel plus an offset.

    Parameters
    ----------
    wcs : WCS
        Not changed; distortions move along.
    x_offset, y_offset : float
        In pixels.
    """
    there = wcs.deepcopy()
    shift = [x_offset, y_offset]
    there.wcs.crpix = there.wcs.crpix - shift
    if there.sip is not None:
        sip = there.sip
        there.sip = Sip(sip.a, sip.b, sip.ap, sip.bp, sip.crpix - shift)
    for table in (there.cpdis1, there.cpdis2, there.det2im1, there.det2im2):
        if table is not None:
            table.crval = tuple(value - step for value, step in zip(table.crval, shift, strict=True))
    there.wcs.set()
    return there


def offset_notes(x_offset: float, y_offset: float, max_offset_pixel: float) -> list[str]:
    """Return remarks about an exposure whose projection is off by this much.

    Parameters
    ----------
    x_offset, y_offset : float
        Where the template's projection puts a star on the science image, minus where the star is, in pixels.
    max_offset_pixel : float
        The largest offset that is corrected.

    Raises
    ------
    InputError
        If the offset is larger, or not finite.
    """
    distance = float((x_offset**2 + y_offset**2) ** 0.5)
    said = (
        f"the WCS of the science image is off by {distance:.2f} pixel (x {x_offset:+.2f}, y {y_offset:+.2f}) "
        "from the template's, by their stars"
    )
    if not distance <= max_offset_pixel:
        raise InputError(
            f"{said}; allowed by max_wcs_offset_pixel: {max_offset_pixel:g}. "
            "Solve the image's astrometry anew, or allow more"
        )
    return [f"{said}: sky positions are corrected by that"] if distance > OFF_PIXEL else []
