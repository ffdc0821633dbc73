"""The catalogues of the study: magnitudes, errors and spectroscopic redshifts, in parts."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.rng import stream

BOSS_BANDS: Final = "UGRIZ"
DEEP2_BANDS: Final = "ugrizy"
"""The filter ``i2``, which replaced ``i`` in part of the survey, is left out."""

SEED: Final = 20260105

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Galaxies: ``magnitudes`` and ``errors`` ``(n, f)`` in mag, ``redshift`` ``(n,)``."""

    magnitudes: Array
    errors: Array
    redshift: Array

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Catalogue":
        """Return the chosen rows (a mask or indices)."""
        return Catalogue(magnitudes=self.magnitudes[chosen], errors=self.errors[chosen], redshift=self.redshift[chosen])

    def __len__(self) -> int:
        return len(self.redshift)


def boss(folder: Path, number: int) -> Catalogue:
    """Return one of the three files of BOSS galaxies (the head is divided by ``;``, the rows by ``,``)."""
    path = folder / f"boss_dr10_{number}.csv"
    head = path.read_text(encoding="utf-8").partition("\n")[0]
    names = [name.partition(":")[2] for name in head.lstrip("#").split(";")]
    table = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    if table.shape[1] != len(names):
        raise InputError(f"{path} has {table.shape[1]} columns and {len(names)} names; allowed: as many")
    return Catalogue(
        magnitudes=table[:, [names.index(f"MAG_{band}") for band in BOSS_BANDS]],
        errors=table[:, [names.index(f"MAGERR_{band}") for band in BOSS_BANDS]],
        redshift=table[:, names.index("Z")],
    )


def deep2(path: Path) -> Catalogue:
    """Return the galaxies of DEEP2/3 and 3D-HST; marks such as 99 stay, and count as missing later."""
    from astropy.table import Table

    table = Table.read(path)
    return Catalogue(
        magnitudes=np.column_stack([np.asarray(table[band], dtype=np.float64) for band in DEEP2_BANDS]),
        errors=np.column_stack([np.asarray(table[f"{band}err"], dtype=np.float64) for band in DEEP2_BANDS]),
        redshift=np.asarray(table["redshift"], dtype=np.float64),
    )


def divided(catalogue: Catalogue, shares: tuple[float, ...], stage: str) -> list[Catalogue]:
    """Return parts of a catalogue, drawn by a fixed seed; galaxies of equal magnitudes stay in one part."""
    _, same = np.unique(catalogue.magnitudes, axis=0, return_inverse=True)
    drawn = stream(SEED, stage).random(int(same.max()) + 1)[same.ravel()]
    ends = np.concatenate([[0.0], np.cumsum(shares) / np.sum(shares)])
    return [catalogue.rows((drawn >= low) & (drawn < high)) for low, high in pairwise(ends)]


def joined(*parts: Catalogue) -> Catalogue:
    """Return parts, one after the other."""
    columns = ("magnitudes", "errors", "redshift")
    return Catalogue(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in columns})
