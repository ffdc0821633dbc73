"""Maps of vectors in two dimensions, and the nearest labelled rows: where a model sees what."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError

Array = NDArray[np.float64]

LEAST_ROWS: Final = 5
"""Fewer rows make no map."""

_PERPLEXITY: Final = 30.0
_MOST_WIDTHS: Final = 10.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """The nearest of known rows.

    Attributes
    ----------
    places : ndarray of int, shape (n, k)
        Which known rows they are, the nearest first.
    distances : ndarray of float64, shape (n, k)
        How far they are.
    """

    places: NDArray[np.int64]
    distances: Array


def standardised(vectors: ArrayLike, known: ArrayLike) -> Array:
    """Return vectors in units of the width of known ones, from their median; what is missing lies at the median.

    Widths are half the distance between the 16th and the 84th percentile; a number without width counts 0. Long tails
    are cut off.

    Parameters
    ----------
    vectors : array_like, shape (n, f)
        NaN is missing.
    known : array_like, shape (m, f)
        Rows that say where the middle is, at least one.
    """
    given, values = np.asarray(known, dtype=np.float64), np.asarray(vectors, dtype=np.float64)
    there = np.where(np.isfinite(given).any(axis=0), given, 0.0)
    low, middle, high = np.nanpercentile(there, [16.0, 50.0, 84.0], axis=0)
    width = 0.5 * (high - low)
    scaled = np.where(width > 0, (values - middle) / np.where(width > 0, width, 1.0), 0.0)
    finite = np.nan_to_num(scaled, nan=0.0, posinf=_MOST_WIDTHS, neginf=-_MOST_WIDTHS)
    return np.asarray(np.clip(finite, -_MOST_WIDTHS, _MOST_WIDTHS), dtype=np.float64)


def nearest(vectors: ArrayLike, known: ArrayLike, k: int) -> Neighbours:
    """Return the nearest known rows of each vector by Euclidean distance, fewer than ``k`` if there are not as many.

    Parameters
    ----------
    vectors : array_like, shape (n, f)
        Finite numbers.
    known : array_like, shape (m, f)
        Finite numbers, of other rows.
    k : int
        How many, at least 1.

    Raises
    ------
    InputError
        If there are no known rows.
    """
    from sklearn.neighbors import NearestNeighbors

    there = np.asarray(known, dtype=np.float64)
    if not len(there):
        raise InputError("there are no labelled training rows to look for neighbours in")
    asked = np.asarray(vectors, dtype=np.float64)
    if not len(asked):
        return Neighbours(places=np.empty((0, k), np.int64), distances=np.empty((0, k)))
    found = NearestNeighbors(n_neighbors=min(k, len(there))).fit(there)
    distances, places = found.kneighbors(asked)
    return Neighbours(places=places.astype(np.int64), distances=distances.astype(np.float64))


def principal_components(vectors: ArrayLike) -> tuple[Array, tuple[float, float]]:
    """Return vectors on their first two principal components, ``(n, 2)``, and the share of the variance of each.

    The sign of a component, which means nothing, is that by which its largest loading is positive. NaN with fewer than
    `LEAST_ROWS` rows.

    Parameters
    ----------
    vectors : array_like, shape (n, f)
        Finite numbers.
    """
    values = np.asarray(vectors, dtype=np.float64)
    if len(values) < LEAST_ROWS:
        return np.full((len(values), 2), np.nan), (np.nan, np.nan)
    centred = values - values.mean(axis=0)
    _, size, loadings = np.linalg.svd(centred, full_matrices=False)
    signs = np.sign(loadings[np.arange(len(loadings)), np.abs(loadings).argmax(axis=1)])
    found = np.zeros((len(values), 2))
    kept = min(2, len(loadings))
    found[:, :kept] = centred @ (loadings[:kept] * np.where(signs[:kept, None] == 0, 1.0, signs[:kept, None])).T
    total = float((size**2).sum())
    shares = [*(size[:2] ** 2 / total if total > 0 else np.zeros(kept)), 0.0, 0.0]
    return found, (float(shares[0]), float(shares[1]))


def t_sne(vectors: ArrayLike, seed: int) -> Array:
    """Return a map ``(n, 2)`` in which near vectors are near each other (van der Maaten & Hinton 2008).

    Distances between groups mean nothing on it. Of more than 50 numbers the first 50 principal components count. NaN
    with fewer than `LEAST_ROWS` rows.

    Parameters
    ----------
    vectors : array_like, shape (n, f)
        Finite numbers.
    seed : int
        Of its beginning.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    values = np.asarray(vectors, dtype=np.float64)
    n, width = values.shape
    if n < LEAST_ROWS or not np.ptp(values, axis=0).any():
        return np.full((n, 2), np.nan)
    kept = min(50, width, n)
    if width > kept:
        values = PCA(n_components=kept, random_state=seed % 2**32, svd_solver="full").fit_transform(values)
    start = "pca" if values.shape[1] > 1 else "random"
    method = TSNE(perplexity=min(_PERPLEXITY, (n - 1) / 3.0), init=start, random_state=seed % 2**32, n_jobs=1)
    return np.asarray(method.fit_transform(values), dtype=np.float64)
