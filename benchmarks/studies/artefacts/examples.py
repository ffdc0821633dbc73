"""A figure of examples of every artefact beside the real bogus that are most like it.

``python -m benchmarks.studies.artefacts.examples ALERTS --figures FOLDER`` where ALERTS holds ``alerts.parquet`` and
``cutouts.h5``. The same number of cutouts of every artefact is made of the labelled reals. For each bogus that people
judged by eye, the self-made cutouts nearest to it vote for their artefacts, and each artefact shows the bogus with most
votes for it. Distances are Euclidean between the ranks of the features.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import rankdata

from benchmarks.studies.artefacts.figure import Examples, draw_examples
from pipeline.classes import BOGUS, REAL
from pipeline.cutouts.missing import to_missing
from pipeline.features import physical_features
from pipeline.io.results.hdf5 import open_to_read
from pipeline.rng import stream
from pipeline.triplets.artefacts import ARTEFACTS, turned

MADE_OF_EACH = 80
NEIGHBOURS = 25
SHOWN_MADE, SHOWN_REAL = 2, 2


def main() -> int:
    """Save the figure and print the share of votes of each artefact's best real bogus."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.artefacts.examples", description=__doc__)
    parser.add_argument("alerts", type=Path, help="folder of alerts.parquet and cutouts.h5")
    parser.add_argument("--figures", type=Path, required=True, help="folder to save the figures in")
    options = parser.parse_args()
    label = pd.read_parquet(options.alerts / "alerts.parquet")["label"].to_numpy()
    reals, bogus = (_triplets(options.alerts, np.flatnonzero(label == value)) for value in (REAL, BOGUS))
    examples = choose_examples(reals, bogus)
    half = (len(examples) + 1) // 2
    for number, part in enumerate((examples[:half], examples[half:]), start=1):
        draw_examples(part).savefig(options.figures / f"artefacts_{number}.png", dpi=75)
    for example in examples:
        print(f"{example.name:18s}{' '.join(f'{100 * share:4.0f} %' for share in example.shares)}")
    return 0


def choose_examples(reals: NDArray[np.float32], bogus: NDArray[np.float32]) -> list[Examples]:
    """Return self-made examples of every artefact, and the bogus most of whose nearest self-made cutouts are of it."""
    usable = reals[np.isfinite(reals).any(axis=(1, 2)).all(axis=1)]
    self_made = {}
    for name in ARTEFACTS:
        rng = stream(1, "examples", name)
        self_made[name] = turned(ARTEFACTS[name](usable[rng.integers(len(usable), size=MADE_OF_EACH)], rng))
    votes = _votes([physical_features(cutouts) for cutouts in self_made.values()], physical_features(bogus))
    chosen = []
    for index, (name, cutouts) in enumerate(self_made.items()):
        best = np.argsort(-votes[:, index], kind="stable")[:SHOWN_REAL]
        chosen.append(Examples(name=name, self_made=cutouts[:SHOWN_MADE], real=bogus[best], shares=votes[best, index]))
    return chosen


def _votes(self_made: list[NDArray[np.float32]], real: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return which share of the self-made cutouts nearest to each real one is of each artefact, (real, artefact)."""
    ranks = rankdata(np.concatenate([*self_made, real]), axis=0)
    count = len(ranks) - len(real)
    _, nearest = cKDTree(ranks[:count]).query(ranks[count:], NEIGHBOURS)
    kind = np.repeat(np.arange(len(self_made)), [len(one) for one in self_made])
    return np.stack([(kind[nearest] == index).mean(axis=1) for index in range(len(self_made))], axis=1)


def _triplets(folder: Path, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    with open_to_read(folder / "cutouts.h5") as file:
        pixels = np.moveaxis(file["cutouts"][rows].astype(np.float32), 1, -1)
    return to_missing(pixels)[0]


if __name__ == "__main__":
    sys.exit(main())
