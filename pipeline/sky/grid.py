"""The pixels of the synthetic survey's images, and where on the sky they lie: what every room of the sky needs."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.errors import SettingsError
from pipeline.sky.ranges import above, at_least, faults_of_ranges


@dataclass(frozen=True, kw_only=True)
class GridSettings:
    """The pixels of an image and where they lie; base of the settings of each room of the sky.

    Attributes
    ----------
    size_pixel : int, in pixel
        Side of an image.
    pixel_scale_arcsec : float, in arcsec
        Side of a pixel.
    field_ra_deg : float, in degree
        Right ascension of the fields' centres.
    field_dec_deg : float, in degree
        Declination of the first field's centre; the others lie 2 degrees apart.
    """

    size_pixel: int = field(default=768, metadata=at_least(128))
    pixel_scale_arcsec: float = field(default=1.0, metadata=above(0))
    field_ra_deg: float = 150.0
    field_dec_deg: float = 2.2

    def __post_init__(self) -> None:
        faults = [*self.faults()]
        if faults:
            raise SettingsError("sky: " + "; ".join(faults))

    def faults(self) -> Iterator[str]:
        """Yield each fault of the settings; a room adds what the ranges of its fields cannot say."""
        yield from faults_of_ranges(self)
