import numpy as np
import pandas as pd
import pytest

from models.training.in_memory import MemoryDataSet
from models.training.joined import Joining, joined
from pipeline.errors import SettingsError
from pipeline.features.sampling import REFERENCE_FWHM
from pipeline.features.seeing import typical_fwhm

WHOLE = Joining(side_pixel=25, smaller_share=0.0, without_template_share=0.0)


def sky(name, *, fwhm, side, rows=40, seed=0, **changed):
    """Return a data set of one star in each science image and template, of a stated FWHM."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] - side // 2
    star = np.exp(-4 * np.log(2) * (x**2 + y**2) / fwhm**2) * 1000 / fwhm**2
    parts = {}
    for part, count in (("train", rows), ("validation", 6), ("test", 0)):
        pixels = rng.normal(0, 0.3, (count, side, side, 3)) + star[..., None] * [1.0, 0.8, 0.2]
        ids = [str(number) for number in range(count)]
        label = np.arange(count) % 2
        frame = pd.DataFrame({"candidate_id": ids, "label": label, "label_source": "eyeball", "kind": name, "extra": 1})
        parts[part] = (frame, pixels.astype(np.float32))
    return MemoryDataSet(parts=parts, survey=name, **changed)


def test_each_sky_is_brought_to_the_reference_by_its_own_psf():
    whole = joined([sky("sharp", fwhm=1.5, side=21), sky("fine", fwhm=4.5, side=55)], WHOLE, survey="all", seed=1)
    rows, pixels = whole.parts["train"]
    assert pixels.shape == (80, 25, 25, 3)
    assert (whole.survey, np.isnan(whole.pixel_scale_arcsec)) == ("all", True)
    for name in ("sharp", "fine"):
        found = typical_fwhm(pixels[rows["kind"] == name], whole.channels)
        assert found == pytest.approx(REFERENCE_FWHM, rel=0.12)
        brightest = np.nanmean(pixels[rows["kind"] == name, ..., 0], axis=0)
        assert np.unravel_index(brightest.argmax(), brightest.shape) == (12, 12)


def test_ids_of_two_skies_that_count_alike_stay_apart():
    rows = joined([sky("a", fwhm=2.2, side=25), sky("b", fwhm=2.2, side=25)], WHOLE, survey="all", seed=1)
    ids = rows.candidates("train")["candidate_id"]
    assert ids.is_unique
    assert {"a/0", "b/0"} <= set(ids)
    assert "extra" not in rows.candidates("train")


def test_a_share_of_rows_loses_its_template_and_another_its_border():
    how = Joining(side_pixel=25, smaller_share=0.5, without_template_share=0.25)
    pixels = joined([sky("a", fwhm=2.2, side=25, rows=400)], how, survey="all", seed=1).cutouts("train")
    missing = np.isnan(pixels).all(axis=(1, 2))
    assert missing[:, 1].mean() == pytest.approx(0.25, abs=0.07)
    assert not missing[:, [0, 2]].any()
    reach = np.isfinite(pixels[:, 12, 12:, 0]).sum(axis=1) - 1
    assert set(reach) == {10, 11, 12}  # sides of 21, 23 and 25 pixels


def test_smaller_cutouts_are_missing_beyond_their_border():
    pixels = joined([sky("a", fwhm=2.2, side=20)], WHOLE, survey="all", seed=1).cutouts("train")
    there = np.isfinite(pixels[..., 0])
    assert there[:, 3:22, 3:22].all()  # of an even side, the first row and column are given up
    assert there.sum() == len(pixels) * 19**2


def test_equal_arguments_give_equal_rows_and_another_seed_another_order():
    def made(seed):
        return joined([sky("a", fwhm=2.2, side=25)], Joining(side_pixel=25), survey="all", seed=seed)

    first, again, other = made(1), made(1), made(2)
    np.testing.assert_array_equal(first.cutouts("train"), again.cutouts("train"))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert list(first.candidates("train")["candidate_id"]) != list(other.candidates("train")["candidate_id"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"class_names": ("bogus", "sn", "agn")}, "class_names of b are bogus, sn, agn; allowed beside a: bogus, real"),
        ({"channels": ("difference", "template", "science")}, "channels of b are difference"),
        ({"pixel_state": "l2"}, "pixels of b are 'l2'; allowed: raw"),
    ],
)
def test_skies_that_differ_in_more_than_sampling_are_refused(changed, said):
    with pytest.raises(SettingsError, match=said):
        joined([sky("a", fwhm=2.2, side=25), sky("b", fwhm=2.2, side=25, **changed)], WHOLE, survey="all", seed=1)
