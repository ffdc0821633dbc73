"""What a package of features is worth on a sky drawn at another sampling, with its cutouts resampled and without.

Run ``python -m benchmarks.studies.synthetic.sampling PACKAGE CUTOUTS [CUTOUTS ...]``: a package of features, and cutout
files of nights with labels, from which it did not learn.

Tested by tests/models/scoring/test_measured_sampling.py.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.inputs.image_sampling import MEASURED_ROWS, sampling_of
from models.scoring.measured_sampling import at_sampling_of
from models.scoring.runtime import load
from pipeline.classes import BOGUS, REAL
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.metrics import bootstrap

SEED = 1


def lines_of(package: Path, cutouts: Path) -> Iterator[str]:
    """Yield a line with the FWHMs and one with the AUC of each way to measure the rows of a cutout file."""
    opened = load(package)
    with open_cutouts(cutouts) as file:
        header, pixels = file.header, file.pixels(slice(0, len(file)))
        rows = file.candidates(slice(0, len(file)), ("candidate_id", "object_id", "label"))
    known = rows["label"].to_numpy() >= 0
    labels, groups = rows["label"].to_numpy()[known], rows["object_id"].to_numpy()[known]
    resampled = at_sampling_of(opened, lambda: [pixels[:MEASURED_ROWS]], header.channels)
    features = opened.content["external_features"]
    used = sampling_of(features, resampled.fwhm_pixel)
    counts = f"{(labels == REAL).sum()} real, {(labels == BOGUS).sum()} bogus"
    widths = f"FWHM {resampled.fwhm_pixel:.2f}, of the training {features['fwhm_pixel']:.2f}"
    yield f"{header.survey}, {cutouts.parent.name}: {counts}; {widths}; pixels for one there {used.extent:.2f}"
    for words, one in (("as they are", opened), ("resampled", resampled)):
        yield f"  {words}: AUC {_auc(labels, one.predict(pixels[known], header.channels)[:, 1], groups)}"


def _auc(labels: NDArray[np.int8], scores: NDArray[np.float32], groups: NDArray[np.object_]) -> str:
    found = bootstrap("auc", labels, scores, groups, rng=np.random.default_rng(SEED))
    return f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f})"


def main() -> None:
    """Print the lines of each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path)
    parser.add_argument("cutouts", type=Path, nargs="+")
    given = parser.parse_args()
    for cutouts in given.cutouts:
        for line in lines_of(given.package, cutouts):
            print(line)


if __name__ == "__main__":
    main()
