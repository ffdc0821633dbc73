"""The study of stars, galaxies and quasars: its parts, and its figures beside those of scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from benchmarks.studies.tables import judge, recipe
from benchmarks.studies.tables.catalogue import BANDS, CLASSES, parts
from models.recipes.classifier import load


@pytest.fixture
def catalogue(tmp_path):
    """A catalogue of 400 objects, of which the last 40 have the magnitudes of the first."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(20.0, 1.0, (400, 5)), columns=list(BANDS))
    table.iloc[360:] = table.iloc[:40].to_numpy()
    table["class"] = rng.permutation(np.resize(CLASSES, 400))
    table.to_parquet(tmp_path / "sdss.parquet")
    return tmp_path / "sdss.parquet"


def test_parts_share_no_magnitudes_and_the_test_part_is_read_only_to_be_judged(catalogue):
    whole, rehearsal = parts(catalogue, judged=True), parts(catalogue, judged=False)
    seen = {part: {tuple(row) for row in whole.cutouts(part)[:, 0, 0].tolist()} for part in whole.parts}
    assert sum(map(len, seen.values())) == 360
    assert sum(len(whole.candidates(part)) for part in whole.parts) == 400
    assert len(rehearsal.candidates("test")) == 0
    for part in ("train", "validation"):
        np.testing.assert_array_equal(rehearsal.cutouts(part), whole.cutouts(part))
    assert whole.channels == ("u", "g", "r", "i", "z", "u-g", "g-r", "r-i", "i-z")
    colours = whole.cutouts("test")[:, 0, 0]
    np.testing.assert_allclose(colours[:, 5], colours[:, 0] - colours[:, 1], atol=1e-5)


def test_figures_are_those_of_scikit_learn():
    rng = np.random.default_rng(2)
    labels, called, other = (rng.integers(0, 3, 200) for _ in range(3))
    chances = rng.dirichlet([1, 1, 1], 200)
    one, two = (judge.Judged(probabilities=chances, called=calls) for calls in (called, other))
    weights = rng.integers(0, 3, (2, 200)).astype(float)
    for row in weights:
        wanted = f1_score(labels, called, average=None, sample_weight=row)
        found = [judge._f1_of(one, labels, index)(row[None])[0] for index in range(3)]
        np.testing.assert_allclose(found, wanted)
        np.testing.assert_allclose(judge._macro_f1(one, labels)(row[None])[0], wanted.mean())
        lead = wanted.mean() - f1_score(labels, other, average="macro", sample_weight=row)
        np.testing.assert_allclose(judge._less(one, two, labels)(row[None])[0], lead)


def test_every_recipe_of_the_study_can_be_read():
    for settings, seeds in recipe.MEMBERS.values():
        assert load(settings, "study").threads == 1
        assert len(set(seeds)) == len(seeds)
