"""``nightsift make-starter`` on tiny skies that the test makes."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from commands.starter import make_starter, write_starter
from models.recipes.classifier import load as load_recipe
from models.scoring.runtime import load
from models.training.in_memory import MemoryDataSet
from pipeline.errors import InputError
from pipeline.io.settings_files import raw


def sky(name, fwhm, side, seed):
    """Return a data set of new stars and hot pixels in noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] - side // 2
    star = np.exp(-4 * np.log(2) * (x**2 + y**2) / fwhm**2) * 300
    parts = {}
    for part, count in (("train", 80), ("validation", 24), ("test", 0)):
        label = np.arange(count) % 2
        change = np.where(label[:, None, None] == 1, star, 300.0 * ((x == 0) & (y == 0)))
        template = rng.normal(0, 3, (count, side, side)) + star
        science = rng.normal(0, 3, (count, side, side)) + star + change
        pixels = np.stack([science, template, science - template], axis=-1).astype(np.float32)
        ids = [f"{part}{number}" for number in range(count)]
        parts[part] = (
            pd.DataFrame({"candidate_id": ids, "label": label, "label_source": "eyeball", "kind": ""}),
            pixels,
        )
    return MemoryDataSet(parts=parts, survey=name, fingerprint=f"{seed:064d}")


@pytest.mark.timeout(120)
def test_two_runs_make_equal_packages_that_take_any_sampling(tmp_path):
    recipe = dataclasses.replace(
        load_recipe(raw("classifiers", "starter"), "starter"), settings={"n_estimators": 8, "min_samples_leaf": 5}
    )
    skies = [sky("sharp", 1.5, 31, 1), sky("fine", 4.5, 63, 2)]
    for name in ("one", "other"):
        write_starter(tmp_path / name, skies, recipe, "## Worth\n\nNothing yet." if name == "one" else "")
    digests = {(tmp_path / name / "weights.sha256").read_text() for name in ("one", "other")}
    assert len(digests) == 1
    card = (tmp_path / "one" / "card.md").read_text()
    assert "## How it was made" in card
    assert card.endswith("Nothing yet.\n")
    stated = json.loads((tmp_path / "one" / "provenance.json").read_text())
    assert stated == {"task": "make-starter", "skies": {"sharp": f"{1:064d}", "fine": f"{2:064d}"}}
    package = load(tmp_path / "one")
    assert package.contract.required_channels == ("science", "difference")
    assert package.contract.size_pixel_min == 21


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    with pytest.raises(InputError, match="exists; remove it or name another folder"):
        make_starter(tmp_path)
