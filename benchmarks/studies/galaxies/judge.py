"""Judges trained folds: ``python -m benchmarks.studies.galaxies.judge IMAGES RESULTS``.

IMAGES has a folder of JPEG images for each class, RESULTS what ``benchmarks.studies.galaxies.train`` left there. A
variant is judged by the seeds of which all folds are there.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.studies.galaxies import images, recipe
from pipeline.cutouts.resize import resized
from pipeline.metrics.intervals import binomial_interval
from pipeline.rng import stream

Probabilities = NDArray[np.float64]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("results", type=Path)
    options = parser.parse_args()
    galaxies = images.read(options.images)
    found = baselines(galaxies)
    for variant in recipe.VARIANTS:
        found |= trained(galaxies, options.results, variant)
    print("|  | accuracy | first fold | recall of each class | less the network, one seed |\n|---|---|---|---|---|")
    first = next(galaxies.folds())[1]
    one_seed = found.get("network, one seed")
    for name, probabilities in found.items():
        right = probabilities.argmax(axis=1) == galaxies.labels
        low, high = binomial_interval(int(right.sum()), len(right), recipe.LEVEL)
        recall = ", ".join(f"{100 * right[galaxies.labels == label].mean():.0f}" for label in range(4))
        gap = "-" if one_seed is None or name == "network, one seed" else difference(galaxies, right, one_seed)
        print(
            f"| {name} | {100 * right.mean():.1f} ({100 * float(low):.1f} to {100 * float(high):.1f}) % | "
            f"{100 * right[first].mean():.1f} % | {recall} % | {gap} |"
        )
    for name, probabilities in found.items():
        print(f"\n{name}, rows true, columns called, {', '.join(recipe.CLASSES)}:")
        print(confusion_matrix(galaxies.labels, probabilities.argmax(axis=1)))
    return 0


def baselines(galaxies: images.Images) -> dict[str, Probabilities]:
    """Return the probabilities of the two classifiers on pixels, ``(n, class)`` each, every row judged once."""
    pixels = resized(galaxies.central / np.float32(255), recipe.BASELINE_PIXEL).reshape(len(galaxies.labels), -1)
    forest = RandomForestClassifier(recipe.TREES, random_state=recipe.SEED)
    kinds = {
        "logistic regression on pixels": make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)),
        "forest on principal components": make_pipeline(
            PCA(recipe.COMPONENTS, random_state=recipe.SEED), forest
        ),
    }  # fmt: skip
    found = {name: np.zeros((len(pixels), len(recipe.CLASSES))) for name in kinds}
    for train, judged in galaxies.folds():
        for name, kind in kinds.items():
            found[name][judged] = kind.fit(pixels[train], galaxies.labels[train]).predict_proba(pixels[judged])
    return found


def trained(galaxies: images.Images, results: Path, variant: str) -> dict[str, Probabilities]:
    """Return the probabilities of a variant by its first seed, and averaged over all that are there."""
    by_seed = []
    for seed in recipe.SEEDS:
        files = [results / f"{variant}-{fold}-{seed}.npy" for fold in range(recipe.FOLDS)]
        if all(path.exists() for path in files):
            found = np.zeros((len(galaxies.labels), len(recipe.CLASSES)))
            for (_, judged), path in zip(galaxies.folds(), files, strict=True):
                found[judged] = softmax(np.load(path))
            by_seed.append(found)
    named = {f"{variant}, one seed": by_seed[0]} if by_seed else {}
    return named | ({f"{variant}, mean of {len(by_seed)} seeds": np.mean(by_seed, axis=0)} if len(by_seed) > 1 else {})


def softmax(logits: NDArray[np.float32]) -> Probabilities:
    """Return probabilities ``(n, class)``."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def difference(galaxies: images.Images, right: NDArray[np.bool_], network: Probabilities) -> str:
    """Return by how much more of the same galaxies are right than by the network, with a bootstrap interval."""
    gap = right.astype(float) - (network.argmax(axis=1) == galaxies.labels)
    rng = stream(recipe.SEED, "study")
    means = [gap[rng.integers(len(gap), size=len(gap))].mean() for _ in range(recipe.REPLICATES)]
    low, high = np.quantile(means, [(1 - recipe.LEVEL) / 2, (1 + recipe.LEVEL) / 2])
    return f"{100 * gap.mean():+.1f} ({100 * low:+.1f} to {100 * high:+.1f}) %"


if __name__ == "__main__":
    raise SystemExit(main())
