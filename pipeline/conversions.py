"""Factors between units, each stated once.

Tested by tests/test_said_once.py.
"""

from typing import Final

import numpy as np

FWHM_PER_SIGMA: Final = 2.3548
"""FWHM of a Gaussian per standard deviation, ``2 sqrt(2 ln 2)``, to the digits that finished results were made with."""

SIGMA_PER_MAD: Final = 1.4826
"""Standard deviation of a Gaussian per median absolute deviation from its median."""

ARCSEC_PER_DEG: Final = 3600.0

S_PER_DAY: Final = 86400.0
"""Seconds per day of 24 hours, leap seconds left out."""

MJD_OF_JD: Final = 2400000.5
"""The Julian date at which modified Julian dates begin: MJD = JD - 2400000.5."""

MAGNITUDE_PER_LN: Final = 2.5 / np.log(10.0)
"""Magnitudes per unit of the natural logarithm of a flux: the error of a magnitude is this times ``error / flux``."""
