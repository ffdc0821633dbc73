"""Self-made bogus: named generators that turn real triplets into what people reject, pixel by pixel.

Each generator has settings of its own and starts from a real triplet whose own source was removed, so that noise,
neighbours, hosts and masks are real. It writes one kind of artefact consistently into science image, template and
difference; the few kinds that people reject because of an inconsistency write that. They exist because the labelled
artefacts of a few nights look alike, and those of the next night do not.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, SettingsError
from pipeline.triplets.artefacts import disagreement, gaps, lines, pixels, saturation, sky, stars
from pipeline.triplets.artefacts.registry import ARTEFACTS, read_settings
from pipeline.triplets.artefacts.settings import ArtefactSettings
from pipeline.triplets.editing import DIFFERENCE

__all__ = [
    "ARTEFACTS",
    "ArtefactSettings",
    "default_mixture",
    "disagreement",
    "gaps",
    "lines",
    "make_bogus",
    "pixels",
    "read_settings",
    "saturation",
    "sky",
    "stars",
    "turned",
]


def default_mixture() -> dict[str, float]:
    """Return the share of every registered artefact in the default mixture; they sum to 1."""
    weights = {name: float(ARTEFACTS.metadata(name)["weight"]) for name in ARTEFACTS}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def make_bogus(
    triplets: NDArray[np.float32],
    count: int,
    rng: np.random.Generator,
    mixture: Mapping[str, float] | None = None,
    settings: Mapping[str, ArtefactSettings] | None = None,
    *,
    difference_turned: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.str_], NDArray[np.intp]]:
    """Return ``count`` self-made bogus triplets.

    Parameters
    ----------
    triplets : ndarray of float32, ``(n, y, x, 3)``
        Real triplets to work on: science, template, difference, NaN where missing.
    count : int
        How many to make; each draws a triplet of its own.
    rng : numpy.random.Generator
        Source of all draws.
    mixture : mapping of str to float, optional
        Weight of each artefact by name; :func:`default_mixture` by default.
    settings : mapping of str to ArtefactSettings, optional
        Settings of single artefacts by name; the others have their defaults. See :func:`read_settings`.
    difference_turned : bool
        The survey stores negative differences with their sign turned, as ZTF does.

    Returns
    -------
    bogus : ndarray of float32, ``(count, y, x, 3)``
        The triplets.
    names : ndarray of str, ``(count,)``
        Which artefact each shows.
    rows : ndarray of int, ``(count,)``
        The input row from which each was made, and to whose group it belongs.

    Raises
    ------
    InputError
        If there is no triplet to start from.
    SettingsError
        If a weight is negative or all are zero; an unknown name raises UnknownNameError.
    """
    if count and len(triplets) == 0:
        raise InputError("self-made bogus need at least one real triplet to start from, got none")
    shares = dict(mixture) if mixture is not None else default_mixture()
    for name in shares:
        ARTEFACTS[name]
    weights = np.array(list(shares.values()), dtype=float)
    if weights.size == 0 or (weights < 0).any() or weights.sum() <= 0:
        raise SettingsError(f"weights of a mixture must be at least 0 and not all 0, got {shares}")
    names = rng.choice(list(shares), size=count, p=weights / weights.sum()).astype(np.str_)
    rows = rng.integers(len(triplets), size=count) if count else np.zeros(0, dtype=np.intp)
    bogus = np.empty((count, *triplets.shape[1:]), dtype=np.float32)
    for name in sorted(set(names.tolist())):
        chosen = names == name
        bogus[chosen] = ARTEFACTS[name](triplets[rows[chosen]], rng, (settings or {}).get(name))
    return turned(bogus) if difference_turned else bogus, names, rows


def turned(triplets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return triplets ``(n, y, x, 3)`` whose differences are positive at the centre, as ZTF stores them."""
    out = triplets.copy()
    out[..., DIFFERENCE] *= _centre_sign(out[..., DIFFERENCE])[:, None, None]
    return out


def _centre_sign(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 or -1 ``(n,)``, the sign of the central 5 x 5 pixels' sum."""
    cy, cx = difference.shape[1] // 2, difference.shape[2] // 2
    light = np.nansum(difference[:, cy - 2 : cy + 3, cx - 2 : cx + 3], axis=(1, 2))
    return np.where(light < 0, -1, 1).astype(np.float32)
