"""Random streams: one seed per run, one independent stream per (seed, stage, unit of work)."""

import hashlib

import numpy as np


def stream(seed: int, stage: str, unit: str = "") -> np.random.Generator:
    """Return the random generator of one unit of work in one stage.

    The stream depends only on the three arguments, not on the order of the units or the process that works on them, so
    results are equal for any number of workers.

    Parameters
    ----------
    seed : int
        The seed of the run, at least 0.
    stage : str
        The stage that draws: ``"injection"``, ``"split"``.
    unit : str, optional
        The unit of work that it draws for, such as the id of an exposure or a candidate.

    Examples
    --------
    >>> a, b = stream(1, "injection", "e1"), stream(1, "injection", "e1")
    >>> bool(a.random() == b.random())
    True
    """
    digest = hashlib.sha256(f"{stage}\x00{unit}".encode()).digest()
    key = [int.from_bytes(digest[start : start + 4], "big") for start in range(0, 16, 4)]
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=key))
