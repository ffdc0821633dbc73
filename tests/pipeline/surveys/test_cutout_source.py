"""Sources of cutouts without images: rows are compared before the first batch, cutouts after the last."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import ChangedInputError, InputError
from pipeline.settings import parse
from pipeline.surveys.cutout_source import WholeNightSource
from pipeline.surveys.settings import SurveySettings

NIGHT = "2026-01-05"


@dataclass(frozen=True, kw_only=True)
class ToyInput:
    folder: str


class Toy(WholeNightSource[ToyInput]):
    """Two nights in memory, which a test may change."""

    holds = "toys"

    def nights(self):
        return ["2026-01-04", NIGHT]

    def rows(self, night):
        return pd.DataFrame({"candidate_id": [f"{night}-a", f"{night}-b"], "object_id": "o", **self.more})

    def cutouts(self, night):
        return self.pixels


@pytest.fixture
def toy():
    common = {"source": "toy", "telescope": "T1", "longitude_deg": 0.0, "pixel_scale_arcsec": 1.0, "input": {}}
    common |= {"channels": ["science"], "cutout_size_pixel": 4, "defaults": {"dataset": "d", "classifier": "c"}}
    common |= {"closed": {"after_hours": 0}, "magic_values": [-99.0]}
    survey = Toy(parse(SurveySettings, common, "toy.yaml"), ToyInput(folder="."))
    survey.more = {"ra_deg": ["1.5", ""]}
    survey.pixels = np.arange(32, dtype=np.int16).reshape(2, 4, 4, 1)
    return survey


def test_rows_and_cutouts_are_one_batch_with_numbers_night_and_missing_pixels(toy):
    toy.pixels[1, 0, 0] = -99
    (batch,) = toy.read(NIGHT, toy.freeze(NIGHT))
    assert batch.candidates["candidate_id"].tolist() == [f"{NIGHT}-a", f"{NIGHT}-b"]
    assert batch.candidates["night"].tolist() == [NIGHT, NIGHT]
    np.testing.assert_array_equal(batch.candidates["ra_deg"], [1.5, np.nan])
    assert np.argwhere(np.isnan(batch.cutouts)).tolist() == [[1, 0, 0, 0]]


def test_a_manifest_counts_rows_and_cutouts(toy):
    manifest = toy.freeze(NIGHT)
    assert manifest["queries"]["rows"]["rows"] == manifest["files"]["cutouts"]["rows"] == 2


def test_a_night_that_is_none_of_its_nights_is_empty_and_asks_for_nothing(toy):
    assert toy.freeze("2026-03-01")["queries"]["rows"]["rows"] == 0
    assert list(toy.read("2026-03-01", toy.freeze("2026-03-01"))) == []


def test_the_rows_of_no_night_are_those_of_all(toy):
    assert toy.night_rows("")["night"].tolist() == ["2026-01-04"] * 2 + [NIGHT] * 2


def test_rows_that_changed_are_refused_before_the_first_batch(toy):
    manifest = toy.freeze(NIGHT)
    toy.more = {"ra_deg": [1.5, 2.5]}
    with pytest.raises(ChangedInputError, match="the rows of toys changed since the night was frozen"):
        next(toy.read(NIGHT, manifest))


def test_cutouts_that_changed_are_refused_after_the_last_batch(toy):
    manifest = toy.freeze(NIGHT)
    toy.pixels = toy.pixels + 1
    read = toy.read(NIGHT, manifest)
    assert len(next(read).candidates) == 2
    with pytest.raises(ChangedInputError, match="the cutouts of toys changed since the night was frozen"):
        next(read)


def test_a_value_that_is_not_a_number_and_a_column_that_is_missing_are_named(toy, monkeypatch):
    toy.more = {"ra_deg": ["x", "1"]}
    with pytest.raises(InputError, match=f"toys, night {NIGHT}: row 1: ra_deg is 'x'; allowed: a number"):
        toy.freeze(NIGHT)
    monkeypatch.setattr(Toy, "rows", lambda *_: pd.DataFrame({"object_id": ["o"]}))
    with pytest.raises(InputError, match=f"toys, night {NIGHT}: column 'candidate_id' is missing; there: object_id"):
        toy.freeze(NIGHT)


def test_cutouts_of_another_shape_and_unreadable_ones_are_a_fault_of_the_night(toy, monkeypatch):
    toy.pixels = toy.pixels[:1]
    (said,) = toy.check()
    assert said == (
        f"night {NIGHT}: the cutouts of toys are (1, 4, 4, 1); rows and the survey's settings say (2, 4, 4, 1)"
    )
    monkeypatch.setattr(Toy, "cutouts", lambda *_: np.load("/nowhere/a.npy"))
    (said,) = toy.check()
    assert said.startswith(f"night {NIGHT}: the cutouts of toys cannot be read: ")


def test_a_sound_source_has_no_fault(toy):
    assert toy.check() == []
