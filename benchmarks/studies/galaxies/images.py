"""The images of the study and their folds, as the parts of a data set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, train_test_split

from benchmarks.studies.galaxies import recipe
from models.training.in_memory import MemoryDataSet
from pipeline.errors import InputError
from pipeline.io.legacy.image_folder import ImageFolder, ImageFolderOptions

Rows = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Images:
    """Galaxies in the order of their names: ``pixels`` ``(n, y, x, colour)``, 0 to 255, and ``labels`` ``(n,)``."""

    names: NDArray[np.str_]
    pixels: NDArray[np.float32]
    labels: NDArray[np.int8]

    @property
    def central(self) -> NDArray[np.float32]:
        """The central part that all classifiers see, ``(n, y, x, colour)``."""
        first = self.pixels.shape[1] // 2 - recipe.SIZE_PIXEL // 2
        inside = slice(first, first + recipe.SIZE_PIXEL)
        return self.pixels[:, inside, inside]

    def folds(self) -> Iterator[tuple[Rows, Rows]]:
        """Yield which rows train and which are judged in each fold."""
        dealt = StratifiedKFold(recipe.FOLDS, shuffle=True, random_state=recipe.SEED)
        yield from dealt.split(self.labels, self.labels)

    def data_set(self, train: Rows, judged: Rows) -> MemoryDataSet:
        """Return a data set of some rows; a small part of the training rows is its validation part."""
        learn, watch = train_test_split(
            train, test_size=recipe.WATCHED_SHARE, stratify=self.labels[train], random_state=recipe.SEED
        )
        parts = {"train": learn, "validation": watch, "test": judged}
        return MemoryDataSet(
            parts={part: (self._candidates(rows), self.pixels[rows]) for part, rows in parts.items()},
            survey="galaxies",
            channels=("red", "green", "blue"),
            class_names=recipe.CLASSES,
        )

    def _candidates(self, rows: Rows) -> pd.DataFrame:
        names = self.names[rows]
        columns = {"candidate_id": names, "object_id": names, "label": self.labels[rows]}
        return pd.DataFrame({**columns, "label_source": "folder", "kind": ""})


def read(folder: Path) -> Images:
    """Return all images below the folders of the classes, resized whole."""
    options = ImageFolderOptions(class_names=recipe.CLASSES)
    found = ImageFolder(options).open([folder], size_pixel=recipe.WHOLE_PIXEL)
    order = np.argsort(found.rows["candidate_id"].to_numpy().astype(str))
    pixels, reasons = found.pixels(order)
    if wrong := [reason for reason in reasons if reason]:
        raise InputError(f"{folder}: {len(wrong)} images cannot be read, the first: {wrong[0]}")
    rows = found.rows.iloc[order]
    return Images(
        names=rows["candidate_id"].to_numpy().astype(str),
        pixels=np.rint(pixels).astype(np.float32),
        labels=rows["label"].to_numpy(),
    )
