"""Results of simulations that a report shows: the truth of the injections, and their PSFs.

Tested by tests/pipeline/stages/test_binary_report_data.py.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.plots.data import Psfs


def truth_of_injections(simulated: Sequence[Path]) -> pd.DataFrame | None:
    """Return the truth of the injections in all files, recovered and missed; None if there are none.

    Raises
    ------
    InputError
        If an injection is in more than one file.
    """
    tables = []
    for path in dict.fromkeys(simulated):
        with open_cutouts(path) as file:
            truth = file.table("truth")
        if len(truth):
            tables.append(truth)
    if not tables:
        return None
    injected = pd.concat(tables, ignore_index=True)
    repeated = injected["injection_id"].duplicated()
    if repeated.any():
        first = injected["injection_id"][repeated].iloc[0]
        raise InputError(f"injection_id {first!r} is in more than one of {', '.join(path.name for path in simulated)}")
    return injected


def psfs_of_injections(simulated: Sequence[Path]) -> Psfs | None:
    """Return the PSFs with which sources were put into images, from all files; None if there are none."""
    rows, images = [], []
    for path in dict.fromkeys(simulated):
        with open_cutouts(path) as file:
            rows.append(file.table("psf"))
            images.append(file.stack("psf_images"))
    if not sum(map(len, rows)):
        return None
    return Psfs(rows=pd.concat(rows, ignore_index=True), images=np.concatenate(images))
