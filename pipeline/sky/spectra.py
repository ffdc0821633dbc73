"""Spectra of stars, galaxies and quasars, coarse but of the right shape, and their magnitudes through broad bands.

Galaxies are drawn through nodes: the break at 400 nm of old stars, their bump at 1.6 µm, the flat ultraviolet of young
ones. Quasars are a power law with hot dust beyond 1.5 µm, stars black bodies. No filter is integrated over: a band is
its effective wavelength. That is enough for colours that turn with redshift as real ones do, and for nothing more.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

BANDS_MICRON: Final = {
    "DES_g": 0.475, "DES_r": 0.635, "DES_i": 0.775, "DES_z": 0.925, "DES_y": 0.995,
    "VHS_j": 1.25, "VHS_k": 2.15, "WISE_w1": 3.35,
}  # fmt: skip
"""Effective wavelengths of the bands, in µm."""

_RED: Final = (
    (0.10, 0.20, 0.30, 0.36, 0.42, 0.50, 0.70, 1.00, 1.60, 2.30, 3.40, 5.00),
    (5.50, 4.60, 3.30, 2.40, 1.05, 0.60, 0.10, -0.25, -0.72, -0.40, 0.30, 0.90),
)
_BLUE: Final = (
    (0.10, 0.20, 0.30, 0.36, 0.41, 0.50, 0.70, 1.00, 1.60, 2.30, 3.40, 5.00),
    (1.50, 0.85, 0.62, 0.55, 0.02, -0.05, -0.15, -0.25, -0.45, -0.20, 0.35, 0.80),
)
_HC_OVER_K_MICRON_K: Final = 14387.77
"""h c / k, in µm K."""


def galaxy_magnitudes(redshift: ArrayLike, is_red: ArrayLike) -> NDArray[np.float64]:
    """Return AB magnitudes of galaxies, but for a constant, ``(n, band)``.

    Parameters
    ----------
    redshift : array_like, (n,)
        At least 0.
    is_red : array_like of bool, (n,)
        Whether the stars are old.
    """
    rest = np.log10(_rest_micron(redshift))
    red, blue = (np.interp(rest, np.log10(nodes), magnitudes) for nodes, magnitudes in (_RED, _BLUE))
    return np.where(np.asarray(is_red, dtype=bool)[:, None], red, blue)


def quasar_magnitudes(redshift: ArrayLike) -> NDArray[np.float64]:
    """Return AB magnitudes of quasars, but for a constant, ``(n, band)``: f_nu as nu^-0.5, absorbed below 121.6 nm.

    Parameters
    ----------
    redshift : array_like, (n,)
        At least 0.
    """
    rest = _rest_micron(redshift)
    dust = 0.9 * np.clip(np.log10(rest / 1.2), 0.0, None)
    forest = np.where(rest < 0.1216, 0.4 + 12.0 * np.log10(0.1216 / rest), 0.0)
    return -1.25 * np.log10(rest) - dust + forest


def star_magnitudes(temperature_k: ArrayLike) -> NDArray[np.float64]:
    """Return AB magnitudes of stars as black bodies, but for a constant, ``(n, band)``.

    Parameters
    ----------
    temperature_k : array_like, (n,), in K
        Of the photosphere.
    """
    micron = np.array(list(BANDS_MICRON.values()))
    exponent = _HC_OVER_K_MICRON_K / (np.asarray(temperature_k, dtype=np.float64)[:, None] * micron)
    return 2.5 * np.log10(micron**3 * np.expm1(exponent))


def _rest_micron(redshift: ArrayLike) -> NDArray[np.float64]:
    """Return the wavelength at which light of each band was sent out, ``(n, band)``."""
    return np.array(list(BANDS_MICRON.values())) / (1 + np.asarray(redshift, dtype=np.float64)[:, None])
