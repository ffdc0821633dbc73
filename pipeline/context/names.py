"""The names of the columns of the context, and what must be known of each detection for them; light to import.

Tested by tests/pipeline/context/test_columns.py.
"""

from collections.abc import Iterable, Mapping
from typing import Final

_PLACES: Final = ("exposure_id", "x_pixel", "y_pixel")
_SIGNS: Final = (*_PLACES, "flux_sign")

_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "line_significance": _PLACES,
    "line_regularity": _PLACES,
    "axis_significance": _PLACES,
    "local_density": _PLACES,
    "local_negative_share": _SIGNS,
    "local_agreeing_share": _SIGNS,
    "exposure_density": _PLACES,
    "exposure_negative_share": _SIGNS,
    "exposure_sign_coherence": _SIGNS,
    "pixel_repeats": (*_PLACES, "ra_deg", "dec_deg"),
}

CONTEXT_COLUMNS: Final = tuple(_NEEDS)
"""All columns of the context; docs/formats.md#columns-of-the-context says what they are."""

DETECTION_COLUMNS: Final = (
    "candidate_id", "exposure_id", "telescope", "detector", "x_pixel", "y_pixel", "ra_deg", "dec_deg", "flux_sign",
)  # fmt: skip
"""What the context is made from: which detection, on which image, where on it and on the sky, with which sign."""


def needs_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return what a survey must know of each detection for some columns of the context.

    Examples
    --------
    >>> needs_of(["line_significance", "exposure_negative_share"])
    ('exposure_id', 'x_pixel', 'y_pixel', 'flux_sign')
    """
    return tuple(dict.fromkeys(need for name in names for need in _NEEDS[name]))
