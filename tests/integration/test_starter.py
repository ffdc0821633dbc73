"""The package that comes along: that it opens, is small, and scores any cutout that it says it takes."""

import json

import numpy as np
import pytest

from models.scoring.runtime import load
from pipeline.errors import IncompatiblePackageError
from pipeline.io.packages.named_packages import package_folder

CHANNELS = ("science", "template", "difference")
MOST_BYTES = 3_000_000


@pytest.fixture(scope="module")
def starter():
    return load(package_folder("starter"))


def scene(side, kind, *, count=12, fwhm=2.3, seed=5):
    """Return cutouts of a new star, or of one hot pixel, in noise, with a star beside it that stays as it is."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] - side // 2

    def star(dx, dy, flux):
        return flux * np.exp(-4 * np.log(2) * ((x - dx) ** 2 + (y - dy) ** 2) / fwhm**2) / (1.133 * fwhm**2)

    out = np.empty((count, side, side, 3))
    for row in out:
        beside = star(*rng.uniform(5, 8, 2), 3000.0)
        new = star(*rng.uniform(-0.3, 0.3, 2), 1500.0) if kind == "star" else 400.0 * ((x == 0) & (y == 0))
        template = 100 + beside + rng.normal(0, 2.0, beside.shape)
        science = 100 + beside + new + rng.normal(0, 5.0, beside.shape)
        row[:] = np.stack([science, template, science - template], axis=-1)
    return out.astype(np.float32)


def test_it_is_small_and_says_what_it_takes_and_where_it_is_from():
    folder = package_folder("starter")
    assert sum(file.stat().st_size for file in folder.rglob("*")) < MOST_BYTES
    card = (folder / "card.md").read_text()
    for part in ("from 21 x 21 pixels on", "`nightsift make-starter FOLDER`", "no pixel of a real telescope"):
        assert part in card
    assert set(json.loads((folder / "provenance.json").read_text())) == {"task", "skies"}


@pytest.mark.parametrize("side", [21, 31, 63])
@pytest.mark.parametrize("template", ["given", "missing", "absent"])
def test_a_new_star_scores_far_above_a_hot_pixel(starter, side, template):
    def scores(kind):
        pixels, channels = scene(side, kind), CHANNELS
        if template == "missing":
            pixels[..., 1] = np.nan
        if template == "absent":
            pixels, channels = pixels[..., [0, 2]], ("science", "difference")
        return starter.predict(pixels, channels)[:, 1]

    real, bogus = scores("star"), scores("hot pixel")
    assert real.min() > bogus.max()
    assert np.median(real) > starter.threshold > np.median(bogus)


@pytest.mark.parametrize("fwhm", [1.5, 4.6])
def test_another_sampling_changes_no_verdict_once_its_fwhm_is_known(starter, fwhm):
    used = starter.at_fwhm(fwhm)
    real = used.predict(scene(63, "star", fwhm=fwhm), CHANNELS)[:, 1]
    bogus = used.predict(scene(63, "hot pixel", fwhm=fwhm), CHANNELS)[:, 1]
    assert real.min() > bogus.max()


def test_what_it_cannot_score_is_refused_with_what_it_needs(starter):
    with pytest.raises(IncompatiblePackageError, match="of 21 pixels a side or more; given 19"):
        starter.predict(scene(19, "star"), CHANNELS)
    said = "needs channels science, difference, and can do without template; the cutouts have science, template"
    with pytest.raises(IncompatiblePackageError, match=said):
        starter.predict(scene(31, "star")[..., :2], CHANNELS[:2])


def test_a_row_whose_difference_is_missing_gets_no_score(starter):
    pixels = scene(31, "star", count=2)
    pixels[0, ..., 2] = np.nan
    assert np.isnan(starter.predict(pixels, CHANNELS)[:, 1]).tolist() == [True, False]
