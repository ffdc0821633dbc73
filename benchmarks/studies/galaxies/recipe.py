"""The recipe of the study. It was chosen on training rows of the first fold, and fixed before any row was judged."""

from collections.abc import Mapping
from typing import Final

CLASSES: Final = ("elliptical", "spiral", "edge_view_spiral", "barred_spiral")
"""Folders of the images."""

WHOLE_PIXEL: Final = 128
SIZE_PIXEL: Final = 64
"""Side to which whole images are resized, and of the central part that all classifiers see."""

FOLDS: Final = 5
SEED: Final = 20261130
"""Of the folds, each with its share of every class."""

WATCHED_SHARE: Final = 0.05
"""Share of the training rows that a training is watched on; it decides nothing."""

NETWORK: Final = "galaxy_polar"
VARIANTS: Final[Mapping[str, Mapping[str, object]]] = {
    "network": {},
    "without_augmentation": {"augment": [], "symmetries": 1},
}
"""What of the recipe `NETWORK` each variant changes."""

SEEDS: Final = (1, 2, 3)
"""Of the trainings whose probabilities are averaged; the table has the first alone, too."""

BASELINE_PIXEL: Final = 32
"""Side to which the pixels of the baselines are averaged."""

COMPONENTS: Final = 50
TREES: Final = 500
LEVEL: Final = 0.95
REPLICATES: Final = 2000
