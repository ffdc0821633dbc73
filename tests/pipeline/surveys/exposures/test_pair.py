"""Science image and template of an exposure, read whole."""

import numpy as np
import pandas as pd
from exposure_images import NIGHT, files, plane, triplet, write

EXPOSURE = {"exposure_id": "e1", "night": NIGHT, "path": "e1.fits"}


def pair(folder, hdus=triplet, channels=("science", "template"), **options):
    write(folder / "e1.fits", hdus())
    images = files(folder, channels=channels, **options)
    return images.pair(EXPOSURE, images.manifest(pd.DataFrame([EXPOSURE])))


def test_both_images_are_read_whole(tmp_path):
    found = pair(tmp_path)
    np.testing.assert_array_equal(found.science, plane())
    np.testing.assert_array_equal(found.template, plane(10000))


def test_each_names_its_file(tmp_path):
    found = pair(tmp_path)
    assert (found.science_file, found.template_file) == ("e1.fits", "e1.fits")


def test_values_that_mean_missing_are_nan(tmp_path):
    found = pair(tmp_path, magic_values=[100.0])
    assert np.argwhere(np.isnan(found.science)).tolist() == [[1, 0]]


def test_a_survey_without_templates_has_one_of_zeros(tmp_path):
    images = {"hdus": {"science": "path:SCIENCE"}, "difference": "none"}
    found = pair(tmp_path, channels=["science"], images=images)
    assert not found.template.any()
    assert found.template_file == ""
