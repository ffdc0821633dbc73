"""A picture of real and bogus: science, template and difference of one candidate of each kind, with its score.

``python -m benchmarks.studies.synthetic.triplets SCORES DATASET PICTURE`` draws, of each kind, the candidate of the
middle signal-to-noise ratio among those that judge, so that nothing is chosen by how well it is scored.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.scores_file import read_scores
from pipeline.plots.cutout_pictures import palette, shades
from pipeline.plots.style import BOGUS_COLOUR, INK, REAL_COLOUR

KINDS: Final = ("transient", "mover", "variable", "bogus")


def main() -> int:
    """Draw the picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.synthetic.triplets", description=__doc__)
    parser.add_argument("scores", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("picture", type=Path)
    options = parser.parse_args()
    draw(options.scores, options.dataset).savefig(options.picture, dpi=110)
    return 0


def draw(scores: Path, dataset: Path) -> Figure:
    """Return the figure: one column per kind, the channels below each other."""
    judged = read_scores(scores).drop_duplicates("candidate_id").set_index("candidate_id")["score"]
    with open_cutouts(dataset) as file:
        rows = file.candidates(columns=("candidate_id", "kind", "label_source", "snr", "magnitude"))
        rows = rows.assign(score=rows["candidate_id"].map(judged)).dropna(subset=["score", "snr"])
        rows = rows[rows["label_source"].isin(["eye", "spec", "sso", "var"])]
        channels = file.header.channels
        figure = Figure(figsize=(2.1 * len(KINDS), 7.1), layout="constrained", facecolor="white")
        for axes, kind in zip(figure.subplots(len(channels), len(KINDS)).T, KINDS, strict=True):
            chosen = _middle(rows[rows["kind"] == kind])
            pixels = file.pixels(slice(int(chosen.name), int(chosen.name) + 1))[0]
            for panel, channel, image in zip(axes, channels, pixels.transpose(2, 0, 1), strict=True):
                _show(panel, image, signed=channel == "difference")
            axes[0].set_title(
                f"{kind}\nscore {chosen['score']:.3f}",
                color=BOGUS_COLOUR if kind == "bogus" else REAL_COLOUR,
                fontsize=11,
            )
            if kind == KINDS[0]:
                for panel, channel in zip(axes, channels, strict=True):
                    panel.set_ylabel(channel, color=INK, fontsize=10)
    return figure


def _middle(rows: pd.DataFrame) -> pd.Series:
    """Return the row of the median signal-to-noise ratio."""
    return rows.sort_values(["snr", "candidate_id"]).iloc[len(rows) // 2]


def _show(axes: Axes, image: NDArray[np.float32], *, signed: bool) -> None:
    colours = ListedColormap(palette(signed=signed) / 255.0)
    axes.imshow(shades(image, signed=signed), cmap=colours, vmin=0, vmax=len(colours.colors) - 1, origin="lower")
    axes.set(xticks=[], yticks=[])


if __name__ == "__main__":
    sys.exit(main())
