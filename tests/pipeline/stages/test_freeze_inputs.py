"""A manifest says when it was frozen and by what, and whose rows and images it has."""

import json

import pandas as pd
import pytest

from pipeline.stages.freeze_inputs import freeze_inputs

NIGHT = "2026-01-05"
LABELS = [{"provider": "list", "table": "eyeballs", "source": "eyeball"}]


def eyeballs(**labels):
    return pd.DataFrame({"candidate_id": list(labels), "label": list(labels.values()), "judged_at": 61046.5})


@pytest.fixture
def frozen(tmp_path):
    """Return a function that freezes a night of a survey and returns the manifest."""

    def freeze(survey, snapshot=1, former=(), **options):
        path = tmp_path / f"{snapshot}.json"
        said = {"as_of": f"2026-01-0{snapshot}T12:00:00Z", "provenance": {"task": "FreezeInputs"}}
        freeze_inputs(
            path, survey, name="toy", night=NIGHT, snapshot=snapshot, former=dict(former), **said, **options
        )  # fmt: skip
        return json.loads(path.read_text())

    return freeze


def test_it_says_which_night_it_is_of_and_when_it_was_frozen(database_survey, frozen):
    said = frozen(database_survey())
    assert (said["night"], said["snapshot"], said["as_of"]) == (NIGHT, 1, "2026-01-01T12:00:00Z")
    assert said["provenance"] == {"task": "FreezeInputs"}
    assert "rows_of" not in said


def test_a_snapshot_with_the_rows_of_the_first_says_so_through_every_later_one(database_survey, frozen):
    survey = database_survey()
    first = frozen(survey)
    second = frozen(survey, 2, first)
    third = frozen(survey, 3, second)
    assert (second["rows_of"], third["rows_of"]) == (1, 1)


def test_label_tables_alone_are_frozen_anew(database_survey, place_candidates, frozen, tmp_path):
    places = place_candidates({"c1": ("e1", 10, 12)})
    first = frozen(database_survey(places, tables={"eyeballs": eyeballs(c1=1)}, labels=LABELS))
    corrected = database_survey(places, tables={"eyeballs": eyeballs(c1=0)}, labels=LABELS)
    for image in corrected.folder.glob("*.fits"):
        image.unlink()
    second = frozen(corrected, 2, first, labels_only=True)
    assert second["queries"]["eyeballs"] != first["queries"]["eyeballs"]
    assert second["queries"]["candidates"] == first["queries"]["candidates"]
    assert second["rows_of"] == 1
