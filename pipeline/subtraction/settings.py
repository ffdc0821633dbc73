"""How images are subtracted: only the settings, so that parsing them loads no image processing."""

from dataclasses import dataclass

from pipeline.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class SubtractionSettings:
    """How to subtract.

    Attributes
    ----------
    max_stars : int
        Most stars that the kernel is fitted to, the brightest usable ones; not below ``min_stars``.
    min_stars : int
        Fewer stars are an error; 1 to ``max_stars``.
    spatial_order : int
        0: one kernel for the image; 1: one that varies linearly over it, from 20 stars on.
    max_offset_pixel : float, in pixel
        Largest shift between science image and template that is searched for, after alignment; above 0.
    mesh_pixel : int, in pixel
        Side of the meshes in which the sky is measured; at least 8.
    """

    max_stars: int = 80
    min_stars: int = 5
    spatial_order: int = 1
    max_offset_pixel: float = 5.0
    mesh_pixel: int = 96

    def __post_init__(self) -> None:
        if not 1 <= self.min_stars <= self.max_stars:
            raise SettingsError(f"min_stars is {self.min_stars}; allowed: 1 to max_stars {self.max_stars}")
        if self.spatial_order not in (0, 1):
            raise SettingsError(f"spatial_order is {self.spatial_order}; allowed: 0, 1")
        if not self.max_offset_pixel > 0 or self.mesh_pixel < 8:
            raise SettingsError(
                f"max_offset_pixel is {self.max_offset_pixel} (allowed: above 0), mesh_pixel {self.mesh_pixel} "
                "(at least 8)"
            )
