"""What becomes of cutouts that reach beyond their image, for every source alike."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline.cutouts.edges import fill_edges, inside_of_stamps
from pipeline.surveys.base import Batch, dropped_rows
from pipeline.surveys.settings import SurveySettings


def apply_edge_policy(batch: Batch, settings: SurveySettings) -> Batch:
    """Return a batch after the survey's setting ``edges``.

    Of stamps that came without an image, missing lines at the border are what lies outside. A batch whose source has
    filled its edges already, knowing the image, is left as it is.
    """
    if settings.edges == "missing" or not len(batch.candidates):
        return batch
    reaching = (batch.candidates["edge_fraction"] > 0).to_numpy()
    if not reaching.any():
        return batch
    if settings.edges == "drop":
        ids = batch.candidates["candidate_id"][reaching]
        return replace(
            batch,
            cutouts=batch.cutouts[~reaching],
            candidates=batch.candidates[~reaching].reset_index(drop=True),
            dropped=pd.concat([batch.dropped, dropped_rows(ids, "cut", "outside the image")], ignore_index=True),
        )
    stamps = batch.cutouts[reaching]
    fill_edges(stamps, inside_of_stamps(stamps), settings.edges, settings.edge_value)
    cutouts = batch.cutouts.copy()
    cutouts[reaching] = stamps
    shares = batch.candidates["nan_fraction"].to_numpy(copy=True)
    shares[reaching] = np.isnan(stamps).mean(axis=(1, 2, 3))
    return replace(batch, cutouts=cutouts, candidates=batch.candidates.assign(nan_fraction=shares))
