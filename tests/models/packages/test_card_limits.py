import json

import numpy as np
import pandas as pd
import pytest

from models.packages.card_figures import JUDGED, SEEN, seen, strata_of
from models.packages.card_limits import known_limits, strata_section

CONTRACT = {"size_pixel": 31, "size_pixel_min": 21, "pixel_scale_arcsec": 0.5}


def validation(faint_found):
    """400 reals, half of them faint, of which a share is found, and 400 bogus, of which 4 are called real."""
    snr = np.r_[np.linspace(4.0, 6.0, 200), np.linspace(40.0, 60.0, 200)]
    rows = pd.DataFrame({"snr": np.tile(snr, 2), "band": "r"})
    labels = np.repeat([1, 0], 400)
    scores = np.where(labels == 1, 0.9, 0.1)
    scores[:200][np.arange(200) % 10 >= 10 * faint_found] = 0.2
    scores[400:404] = 0.8
    return rows, labels, np.stack([1 - scores, scores], axis=1)


def limits_of(faint_found):
    return known_limits({"input": CONTRACT, **strata_of(*validation(faint_found), threshold=0.5)})


def test_the_faintest_bin_is_named_where_recall_falls_beyond_chance():
    (words,) = (words for words in limits_of(0.6) if words.startswith("Below"))
    assert words.startswith(
        "Below a signal to noise of 4.8 recall falls to 0.600 (0.491 to 0.702), 80 rows; of all 400"
    )
    assert words.endswith("it is 0.800.")
    assert limits_of(1.0)[0].startswith("In no stratum of 30 validation rows of a class or more")


def test_a_magnitude_is_faint_at_its_other_end_and_bogus_have_limits_too():
    rows, labels, probabilities = validation(0.6)
    rows = rows.assign(magnitude=25.0 - rows["snr"] / 10, band=np.where(np.arange(800) < 700, "r", "g")).drop(
        columns="snr"
    )
    probabilities[700:760] = [0.1, 0.9]
    found = known_limits({"input": CONTRACT, **strata_of(rows, labels, probabilities, threshold=0.5)})
    assert any(words.startswith("Fainter than magnitude 24.52 recall falls to 0.600") for words in found)
    assert any("Band g: the share of bogus that it calls real rises to 0.600" in words for words in found)


def test_rates_and_counts_of_the_table_are_those_of_the_rows_and_are_json():
    rows, labels, probabilities = validation(0.6)
    figures = strata_of(rows, labels, probabilities, threshold=0.5)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert figures[JUDGED]["whole"]["recall"] == pytest.approx(0.8)
    assert figures[JUDGED]["whole"]["fpr"] == pytest.approx(0.01)
    assert set(figures[JUDGED]["strata"]) == {"snr"}  # one band divides nothing
    section = strata_section(figures)
    assert "| all | 400 | 0.800 (" in section
    assert "| 400 | 0.010 (" in section
    assert strata_section({}) == ""
    assert strata_of(rows, labels, probabilities, threshold=None) == {}


def test_what_taught_it_is_said_with_its_ranges():
    train = pd.DataFrame(
        {
            "label": [1, 1, 0, -1],
            "night": ["2026-01-01", "2026-01-03", "2026-01-03", "2027-01-01"],
            "band": ["r", "g", "r", "z"],
            "magnitude": [18.0, 20.0, -999.0, 30.0],
            "fwhm_pixel": [2.0, 3.0, 4.0, 9.0],
            "detector": ["", "", "", ""],
        }
    )
    found = seen(train, ("bogus", "real"))
    assert (found["rows"], found["nights"], found["band"]) == (3, 2, {"g": 1, "r": 2})
    assert found["magnitude"] == pytest.approx([18.02, 19.98])
    assert found["fwhm_pixel"] == pytest.approx([2.02, 3.98])
    assert "detector" not in found
    words = " ".join(known_limits({"input": CONTRACT, SEEN: found}))
    for said in (
        "smallest cutout that it takes is 21 x 21 pixels; it learned from pixels of 0.5 arcsec and a FWHM of 2.02 to",
        "2 nights (2026-01-01 to 2026-01-03)", "by bands that it learned from: r (2), g (1)", "magnitudes 18 to 20",
    ):  # fmt: skip
        assert said in words


def test_of_a_package_without_figures_nothing_is_said():
    assert known_limits({"input": CONTRACT}) == []
