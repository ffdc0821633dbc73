"""Models of features that look at the planes of variance and PSF, from training to a package that scores."""

import numpy as np

from models.scoring import runtime
from models.training.in_memory import MemoryDataSet
from pipeline.features import feature_names

CHANNELS = ("science", "template", "difference", "difference_variance", "difference_psf")


def with_planes(parts):
    """Return parts of a data set with a variance of 1 and a PSF of the sources' width behind the images."""
    y, x = np.indices((15, 15)) - 7
    psf = np.exp(-(x**2 + y**2) / 4.0) / np.exp(-(x**2 + y**2) / 4.0).sum()
    found = {}
    for part, (rows, pixels) in parts.items():
        planes = np.stack([np.ones_like(psf), psf], axis=-1)[None].repeat(len(pixels), axis=0)
        planes[1, ..., 1] = np.nan
        found[part] = rows, np.concatenate([pixels, planes], axis=-1).astype(np.float32)
    return found


def test_a_model_of_features_learns_from_planes_and_scores_rows_without_them(tmp_path, toy, dataset):
    rng = np.random.default_rng(3)
    parts = {}
    for part, count in (("train", 160), ("validation", 80), ("test", 40)):
        labels = rng.permutation(np.arange(count) % 2)
        parts[part] = (toy.candidates(labels), toy.cutouts(labels, 15, rng))
    planes = MemoryDataSet(parts=with_planes(parts), channels=CHANNELS)
    recipe = {"classifier": "boosting", "settings": {"n_estimators": 10}, "channels": list(CHANNELS)}
    made = toy.train_and_write(tmp_path, planes, recipe)
    package = runtime.load(made.package)
    assert package.contract.channels == CHANNELS
    assert package.contract.required_channels == CHANNELS[:3]
    assert made.trained.fitted.n_features == len(feature_names(CHANNELS)) == len(feature_names()) + 5
    pixels = with_planes(parts)["test"][1]
    scores = package.predict(pixels, CHANNELS)[:, 1]
    labels = parts["test"][0]["label"].to_numpy()
    assert np.isfinite(scores).all()
    assert scores[labels == 1].min() > scores[labels == 0].max()
    plain = toy.train_and_write(tmp_path / "plain", planes, {**recipe, "channels": None})
    assert runtime.load(plain.package).contract.channels == CHANNELS[:3]
