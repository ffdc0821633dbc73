"""The survey of drawn galaxies: its folder, its labels, its bytes."""

import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.settings import parse
from pipeline.surveys.legacy.drawn_galaxies import DrawnGalaxiesInput, draw_folder
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

NIGHT = "2000-01-01"


@pytest.fixture
def survey(tmp_path):
    """The ready survey with three images a class."""
    content = settings_files.raw("surveys", "galaxies")
    content["input"] = {**content["input"], "images_per_class": 3, "drawn_size_pixel": 20}
    adapter = open_survey(parse(SurveySettings, content, "galaxies"), "galaxies", tmp_path)
    adapter.make(tmp_path)
    return adapter


@pytest.mark.replaces("galaxy10", "Z1")
def test_the_ready_survey_reads_what_it_drew(survey):
    assert survey.check() == []
    assert survey.nights() == [NIGHT]
    (batch,) = survey.read(NIGHT, survey.freeze(NIGHT))
    assert batch.cutouts.shape == (12, 48, 48, 3)
    assert not np.isnan(batch.cutouts).any()
    labels = survey.reference("labels", NIGHT)
    assert np.bincount(labels["label"]).tolist() == [3, 3, 3, 3]
    names = labels.set_index("candidate_id")["label"]
    assert names["galaxy000000"] == survey.settings.class_names.index("elliptical")
    assert names["galaxy000003"] == survey.settings.class_names.index("barred")


def test_equal_settings_give_equal_files(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        draw_folder(tmp_path / name, DrawnGalaxiesInput(images_per_class=1, drawn_size_pixel=16))
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.png"))
    assert len(files) == 4
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(SettingsError, match="drawn_size_pixel is 8; allowed: 16 to 512"):
        DrawnGalaxiesInput(drawn_size_pixel=8)
