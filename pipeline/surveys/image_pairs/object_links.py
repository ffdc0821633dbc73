"""Objects of a night, linked from exposure to exposure as these are searched."""

import numpy as np
from numpy.typing import NDArray

from pipeline.crossmatch.match import nearest


class ObjectLinks:
    """Names what is found again after what was found first, within a night.

    Parameters
    ----------
    radius_arcsec : float
        Largest distance of a detection from an earlier one of the same object.

    Examples
    --------
    >>> links = ObjectLinks(1.0)
    >>> links.names(["a1", "a2"], np.array([[10.0, 0.0], [20.0, 0.0]]))
    ['a1', 'a2']
    >>> links.names(["b1", "b2"], np.array([[20.0, 0.0001], [30.0, 0.0]]))
    ['a2', 'b2']
    """

    def __init__(self, radius_arcsec: float) -> None:
        self.radius_arcsec = radius_arcsec
        self._places: dict[str, NDArray[np.float64]] = {}
        self._names: dict[str, list[str]] = {}

    def names(self, candidate_ids: list[str], places: NDArray[np.float64], sky: str = "") -> list[str]:
        """Return the object of each candidate of one exposure, (n,).

        Parameters
        ----------
        candidate_ids : list of str
        places : ndarray, (n, 2)
            Right ascension and declination, or coordinates on another plane, in degrees.
        sky : str
            On which sky they are; those of different skies are never linked.
        """
        known = self._places.setdefault(sky, np.empty((0, 2)))
        named = self._names.setdefault(sky, [])
        row, separation = nearest(places[:, 0], places[:, 1], known[:, 0], known[:, 1])
        again = separation <= self.radius_arcsec
        found = [named[old] if seen else new for old, seen, new in zip(row, again, candidate_ids, strict=True)]
        self._places[sky] = np.concatenate([known, places[~again]])
        self._names[sky] = [*named, *(name for name, seen in zip(candidate_ids, again, strict=True) if not seen)]
        return found
