"""The page of suspicious labels: how noisy they are, and the first of the list with their pixels.

Tested by tests/pipeline/stages/test_suspicious_labels.py.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.report.candidates import pictures
from pipeline.report.html_templates import html_template
from pipeline.report.wording import NONE, number, per_cent


def suspicious_page(
    title: str,
    listed: pd.DataFrame,
    noise: pd.DataFrame,
    cutouts: NDArray[np.float32] | None,
    channels: Sequence[str],
    total: int,
) -> str:
    """Return the page as HTML; what comes from data is escaped, and the page forbids itself to load anything else.

    Parameters
    ----------
    title : str
        Whose labels these are.
    listed : DataFrame
        The first rows of the list, as from :func:`pipeline.labels.confident_learning.suspicious_labels`.
    noise : DataFrame
        As from :func:`pipeline.labels.confident_learning.noise_table`.
    cutouts : ndarray of float32, (n, y, x, channel), or None
        Raw pixels of the same rows; None of a table.
    channels : sequence of str
        Their channels.
    total : int
        How many rows the whole list has.
    """
    shares = [NONE if math.isnan(share) else per_cent(share) for share in noise["noise"]]
    return html_template("suspicious.html").render(
        title=title,
        total=total,
        noise=noise.assign(share=shares).to_dict("records"),
        entries=[
            {
                **row,
                "self_confidence": number(float(row["self_confidence"]), 3),
                "images": [] if cutouts is None else list(pictures(channels, cutouts[place])),
            }
            for place, row in enumerate(listed.to_dict("records"))
        ],
    )
