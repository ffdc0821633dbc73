"""The pixels of the rows that a gallery shows, read row by row, or the features of rows of a table.

Tested by tests/pipeline/stages/test_binary_report_data.py.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.cutouts.planes import images_of
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.plots.data import Mistakes


def with_cutouts(rows: pd.DataFrame, files: Sequence[Path]) -> Mistakes | None:
    """Return rows with their cutouts, of a table with their features; None if there are no rows or no files.

    Parameters
    ----------
    rows : DataFrame
        The rows to show, with ``candidate_id``.
    files : sequence of Path
        Cutout files or data sets that hold all of them; if several hold one, the first counts.
    """
    places: dict[str, NDArray[np.float32]] = {}
    for path in files:
        with open_cutouts(path) as file:
            ids = file.candidates(columns=("candidate_id",))["candidate_id"]
            wanted = ids.index[ids.isin(rows["candidate_id"])]
            places |= {ids[row]: file.pixels(slice(row, row + 1))[0] for row in wanted if ids[row] not in places}
            header = file.header
    if not files or not len(rows):
        return None
    pixels = np.stack([places[name] for name in rows["candidate_id"]])
    if not header.is_table:
        images = images_of(header.channels)
        return Mistakes(rows=rows, cutouts=pixels[..., : len(images)], channels=images)
    features = pd.DataFrame(pixels[:, 0, 0, :], columns=list(header.channels), index=rows.index)
    return Mistakes(
        rows=rows.assign(**{name: features[name] for name in features if name not in rows}),
        cutouts=None,
        features=header.channels,
    )
