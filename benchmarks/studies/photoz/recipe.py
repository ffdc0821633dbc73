"""The second recipe of the study, fixed on ``boss_dr10_0`` and ``_1``.

The first, fixed before ``_3`` was read for the first time, had narrower networks (128 units, a weight decay of 0.03)
and no zero points.
"""

from typing import Final

import numpy as np

EDGES: Final = np.linspace(-0.02, 1.20, 611)
"""Bins of redshift for BOSS, 0.002 wide."""

DEEP2_EDGES: Final = np.linspace(0.0, 3.5, 701)
"""Bins for DEEP2 and 3D-HST, 0.005 wide."""

REFERENCE_BAND: Final = 3
"""i, in both catalogues the band whose magnitude is a feature."""

SEED: Final = 1

NETWORK: Final = {
    "members": 4, "components": 5, "units": 160, "layers": 3, "epochs": 60, "batch_size": 256, "weight_decay": 0.1,
}  # fmt: skip
BASELINES: Final[dict[str, dict[str, float]]] = {
    "quantile_boosting": {},
    "forest": {},
    "nearest_neighbours": {"neighbours": 20},
}
"""Settings by regressor; what is not named has the default of its function."""

KNOTS: Final = 20
"""Of the PIT map, which is fitted on the tuning part for every regressor alike."""

MISCOVERAGE: Final = 0.1
"""Of the conformal intervals, between the 5 % and the 95 % quantile before."""

MAGNITUDE_EDGES: Final = (15.0, 19.0, 19.5, 20.0, 20.5, 24.0)
"""Bins of i for BOSS, mag."""

DEEP2_MAGNITUDE_EDGES: Final = (15.0, 21.0, 22.0, 22.5, 23.0, 24.0, 27.0)

REDSHIFT_EDGES: Final = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 1.0)
DEEP2_REDSHIFT_EDGES: Final = (0.0, 0.4, 0.7, 0.9, 1.2, 1.6, 3.5)
REPLICATES: Final = 1000
LEVEL: Final = 0.95
