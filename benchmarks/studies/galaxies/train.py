"""Trains one fold: ``python -m benchmarks.studies.galaxies.train IMAGES RESULTS FOLD``.

RESULTS gets a file of logits for each variant and seed; what is there is not trained again, and a killed training goes
on after its last epoch. IMAGES has a folder of JPEG images for each class. With ``--seeds`` only some seeds are
trained.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.studies.galaxies import images, recipe
from models.recipes.classifier import load
from models.training.train import clear, train
from pipeline.io.settings_files import raw


def main() -> int:
    """Train what is missing of a fold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("fold", type=int, choices=range(recipe.FOLDS))
    parser.add_argument("--seeds", type=int, nargs="*", default=list(recipe.SEEDS))
    parser.add_argument("--variants", nargs="*", default=list(recipe.VARIANTS), choices=list(recipe.VARIANTS))
    options = parser.parse_args()
    galaxies = images.read(options.images)
    learned, judged = list(galaxies.folds())[options.fold]
    data_set = galaxies.data_set(learned, judged)
    options.results.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        for variant in options.variants:
            path = options.results / f"{variant}-{options.fold}-{seed}.npy"
            if path.exists():
                continue
            settings = {**raw("classifiers", recipe.NETWORK), **recipe.VARIANTS[variant]}
            asked = load({**settings, "size_pixel": recipe.SIZE_PIXEL, "threads": 1}, recipe.NETWORK)
            workdir = options.results / f"{path.stem}.training"
            fitted = train(data_set, asked, seed, workdir=workdir).fitted
            logits = fitted.logits(galaxies.central[judged])
            np.save(path, logits)
            clear(workdir)
            right = np.mean(logits.argmax(axis=1) == galaxies.labels[judged])
            print(f"{path.stem}: {100 * right:.2f} % of {len(judged)}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
