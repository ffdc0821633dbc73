"""New labels without images: rows and pixels of the former cutout file, labels as a fetch from images gives them."""

import json
import logging

import h5py
import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.io.results.content import content_sha256
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.stages.fetch_cutouts import write_night
from pipeline.stages.night_cutouts import NightCutouts
from pipeline.stages.night_job import NightJob
from pipeline.stages.relabelled_night import relabelled_night
from pipeline.surveys.label_tables import rows_and_images, with_label_tables

NIGHT = "2026-01-05"
PLACES = {f"c{row}": (("e1", "e2")[row % 2], 10 + row, 12) for row in range(8)} | {"far": ("e1", 900, 12)}
LABELS = [
    {"provider": "list", "table": "eyeballs", "source": "eyeball"},
    {"provider": "list", "table": "truth", "label": "bogus", "source": "truth"},
]


def judged(**labels):
    return pd.DataFrame({"candidate_id": list(labels), "label": list(labels.values()), "judged_at": 61046.5})


def called_bogus(*names):
    return pd.DataFrame({"candidate_id": list(names), "kind": "", "is_real": 0, "source_id": ""})


@pytest.fixture
def made(database_survey, place_candidates, tmp_path):
    """Return a function that makes the survey, or makes its tables anew, with these labels; images stay as they are."""

    def make(eyeballs, places=PLACES, **settings):
        images = {path: path.read_bytes() for path in (tmp_path / "survey").glob("*.fits")}
        settings = {"labels": LABELS, "max_edge_fraction": 0.0} | settings
        tables = {"eyeballs": eyeballs, "truth": called_bogus("c3")}
        survey = database_survey(place_candidates(places), tables=tables, **settings)
        for path, content in images.items():
            path.write_bytes(content)
        return survey

    return make


def provenance(survey, **decides):
    settings = {"labels": list(survey.settings.labels), "conflicts": survey.settings.conflicts}
    identity = {"task": "FetchCutouts", "revision": 1, "decides": {"survey": settings | decides, "label_files": {}}}
    return {"identity": json.loads(json.dumps(identity, default=dict))}


def job_of(survey, manifest, said):
    return NightJob(survey=survey, name="toy", night=NIGHT, manifest={"night": NIGHT, **manifest}, provenance=said)


def write(path, night):
    write_night(path, night)
    return path


def fetched(survey, path):
    """Return the cutout file of a fetch from images, and what was frozen."""
    frozen = survey.freeze(NIGHT)
    return write(path, NightCutouts(job_of(survey, frozen, provenance(survey)))), frozen


def relabelled(survey, former, frozen, path, **decides):
    """Return the cutout file with new labels, None where it can only be made from images."""
    job = job_of(survey, with_label_tables(survey, NIGHT, frozen), provenance(survey, **decides))
    night = relabelled_night(job, [former])
    return None if night is None else write(path, night)


def remove_images(survey):
    for image in survey.folder.glob("*.fits"):
        image.unlink()


def test_the_file_is_that_of_a_fetch_with_the_new_labels_and_no_image_is_there(made, tmp_path):
    former, frozen = fetched(made(judged(c0=1, c1=0, c3=1)), tmp_path / "former.h5")
    corrected = made(judged(c0=0, c1=0, c2=1))
    fresh, _ = fetched(corrected, tmp_path / "fresh.h5")
    remove_images(corrected)
    new = relabelled(corrected, former, frozen, tmp_path / "new.h5")
    assert content_sha256(new) == content_sha256(fresh)
    with open_cutouts(new) as file, open_cutouts(fresh) as other, open_cutouts(former) as before:
        rows = file.candidates()
        pd.testing.assert_frame_equal(rows, other.candidates())
        np.testing.assert_array_equal(file.pixels(), before.pixels())
        np.testing.assert_array_equal(file.pixel_digests(), before.pixel_digests())
        labelled = ["label", "label_source", "kind", "group_id", "flags"]
        pd.testing.assert_frame_equal(rows.drop(columns=labelled), before.candidates().drop(columns=labelled))
        assert dict(zip(rows["candidate_id"], rows["label"], strict=True))["c2"] == 1
        said = file.provenance
        assert said["relabelled"] == {"pixels_of": "former.h5", "changed": ["eyeballs"]}
        same = ("exposures", "exposures_lost", "labelling", "counts")
        assert {name: said[name] for name in same} == {name: other.provenance[name] for name in same}


def test_other_providers_give_new_labels_too(made, tmp_path):
    former, frozen = fetched(made(judged(c0=1, c3=1)), tmp_path / "former.h5")
    turned = made(judged(c0=1, c3=1), labels=LABELS[::-1])
    fresh, _ = fetched(turned, tmp_path / "fresh.h5")
    remove_images(turned)
    new = relabelled(turned, former, frozen, tmp_path / "new.h5")
    assert content_sha256(new) == content_sha256(fresh)
    with open_cutouts(new) as file:
        assert file.provenance["relabelled"]["changed"] == ["setting labels"]


@pytest.mark.parametrize("far", [True, False])
def test_rows_that_new_labels_drop_are_listed_where_a_fetch_lists_them(made, tmp_path, far):
    places = PLACES if far else {name: place for name, place in PLACES.items() if name != "far"}
    options = {"conflicts": "drop", "places": places}
    former, frozen = fetched(made(judged(c0=1), **options), tmp_path / "former.h5")
    torn = made(judged(c0=1, c3=1), **options)
    fresh, _ = fetched(torn, tmp_path / "fresh.h5")
    new = relabelled(torn, former, frozen, tmp_path / "new.h5")
    if far:  # before or after that which was dropped already: the former file does not say
        assert new is None
    else:
        assert content_sha256(new) == content_sha256(fresh)


def test_rows_that_labels_had_dropped_may_come_back_so_the_images_are_needed(made, tmp_path, caplog):
    former, frozen = fetched(made(judged(c3=1), conflicts="drop"), tmp_path / "former.h5")
    with caplog.at_level(logging.INFO):
        assert relabelled(made(judged(c3=0), conflicts="drop"), former, frozen, tmp_path / "new.h5") is None
    assert "pixels of former.h5 cannot be used again: labels or cleaning dropped rows" in caplog.text


def test_other_rows_images_or_settings_need_the_images(made, tmp_path):
    first = made(judged(c0=1))
    former, frozen = fetched(first, tmp_path / "former.h5")
    assert relabelled(first, former, frozen, tmp_path / "new.h5") is not None
    assert relabelled(first, former, frozen, tmp_path / "new.h5", cutout_size_pixel=7) is None
    moved = made(judged(c0=1), places=PLACES | {"c1": ("e2", 30, 12)})
    assert relabelled(moved, former, moved.freeze(NIGHT), tmp_path / "new.h5") is None
    image = first.folder / "e1.fits"
    image.write_bytes(image.read_bytes() + b"\0" * 2880)
    assert relabelled(first, former, first.freeze(NIGHT), tmp_path / "new.h5") is None


def test_a_former_file_with_other_pixels_than_were_written_is_not_taken(made, tmp_path):
    survey = made(judged(c0=1))
    former, frozen = fetched(survey, tmp_path / "former.h5")
    with h5py.File(former, "r+") as file:
        file["cutouts"][2, 0, 0, 0] += 1
    assert relabelled(survey, former, frozen, tmp_path / "new.h5") is None
    with h5py.File(former, "r+") as file:
        del file.attrs["seal"]  # as of a file from before files had one
    with pytest.raises(InputError, match=r"former.h5 was changed .* the pixels of row 2 do not agree"):
        relabelled(survey, former, frozen, tmp_path / "new.h5")


def test_a_former_file_that_cannot_be_read_is_passed_over(made, tmp_path):
    survey = made(judged(c0=1))
    former, frozen = fetched(survey, tmp_path / "former.h5")
    broken = tmp_path / "broken.h5"
    broken.write_bytes(former.read_bytes()[:1000])
    night = relabelled_night(job_of(survey, frozen, provenance(survey)), [broken, former])
    assert [batch.exposures for batch in night.batches()] == [1, 1, 1]
    assert night.counts["relabelled"]["pixels_of"] == "former.h5"
    assert night.percent == 100


def test_only_label_tables_are_frozen_anew(made):
    frozen = made(judged(c0=1)).freeze(NIGHT) | {"night": NIGHT}
    corrected = made(judged(c0=0))
    remove_images(corrected)
    anew = with_label_tables(corrected, NIGHT, frozen)
    assert anew["queries"]["eyeballs"] != frozen["queries"]["eyeballs"]
    assert rows_and_images(anew) == rows_and_images(frozen)


def test_a_wrong_label_is_said_as_by_a_fetch(made, tmp_path):
    former, frozen = fetched(made(judged(c0=1)), tmp_path / "former.h5")
    wrong = made(judged(c0=7))
    remove_images(wrong)
    with pytest.raises(InputError, match="7"):
        relabelled(wrong, former, frozen, tmp_path / "new.h5")
