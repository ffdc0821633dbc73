"""Random streams: one seed a run, one independent stream for every (seed, stage, unit of work)."""

import hashlib

import numpy as np


def stream(seed: int, stage: str, unit: str = "") -> np.random.Generator:
    """Return the generator that belongs to one unit of work of one stage.

    The stream depends on its three arguments alone, never on the order or the process in which units are
    worked on, so results are equal for any number of workers.

    Parameters
    ----------
    seed : int
        The seed of the run, at least 0.
    stage : str
        What draws: ``"injection"``, ``"split"``.
    unit : str, optional
        What it draws for, an exposure or candidate id.

    Examples
    --------
    >>> a, b = stream(1, "injection", "e1"), stream(1, "injection", "e1")
    >>> bool(a.random() == b.random())
    True
    """
    digest = hashlib.sha256(f"{stage}\x00{unit}".encode()).digest()
    key = [int.from_bytes(digest[start : start + 4], "big") for start in range(0, 16, 4)]
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=key))
