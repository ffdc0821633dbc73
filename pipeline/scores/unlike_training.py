"""How scored cutouts differ from those that their model learned from: the key in scores, and the words."""

from collections.abc import Mapping
from typing import Final

UNLIKE: Final = "unlike_training"
"""The key in the provenance of scores, and in a report's numbers."""


def unlike_words(unlike: Mapping[str, Mapping[str, object]]) -> str:
    """Return in words what differs, naming both sides; empty if nothing does.

    Parameters
    ----------
    unlike : mapping
        ``survey``, ``pixel_scale_arcsec`` and ``channels``, each where it differs, with ``trained`` and ``scored``.

    Examples
    --------
    >>> unlike_words({"pixel_scale_arcsec": {"trained": 1.01, "scored": 0.2}})
    'a model trained on pixels of 1.01 arcsec scores pixels of 0.2 arcsec'
    """
    sides = [_side(unlike, side) for side in ("trained", "scored")]
    return f"a model trained on {sides[0]} scores {sides[1]}" if unlike else ""


def _side(unlike: Mapping[str, Mapping[str, object]], side: str) -> str:
    words = [f"survey {unlike['survey'][side]}"] if "survey" in unlike else []
    if "pixel_scale_arcsec" in unlike:
        words.append(f"pixels of {unlike['pixel_scale_arcsec'][side]:g} arcsec")
    if "channels" in unlike:
        words.append(f"channels {unlike['channels'][side]}")
    return " with ".join(words)
