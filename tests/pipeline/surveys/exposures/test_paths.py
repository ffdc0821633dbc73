"""Where images are: rewritten paths, mounts, and nothing outside of them."""

import pandas as pd
import pytest
from exposure_images import (
    CHANNELS,
    HDUS,
    NIGHT,
    batch,
    candidates,
    files,
    triplet,
    write,
)  # fmt: skip
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.surveys.exposures.reader import exposure_records


@pytest.mark.replaces("gotorb", "G1")
def test_paths_are_rewritten_and_looked_for_on_every_mount(images_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("STORAGE", str(tmp_path / "storage"))
    write(tmp_path / "storage/final/e1.fits", triplet())
    write(tmp_path / "gotodata3/e2.fits", triplet(5))
    images = {
        "rewrite": [
            {"find": "/archive/area", "replace": "${STORAGE}"},
            {"find": r"/reduced(\d*)/", "replace": r"/final\1/", "regex": True},
        ],
        "mounts": [str(tmp_path / "gotodata2"), str(tmp_path / "gotodata3")],
    }
    images = files(images_folder, images)
    written = {"exposure_id": ["e1", "e2", "e3"], "path": ["/archive/area/reduced/e1.fits", "e2.fits", ""]}
    written["path"][2] = str(tmp_path / "gotodata2/e2.fits")
    exposures = pd.DataFrame(written)
    frozen = images.manifest(exposures)
    assert frozen["/archive/area/reduced/e1.fits"]["found"] == str(tmp_path / "storage/final/e1.fits")
    assert {frozen[name]["found"] for name in written["path"][1:]} == {str(tmp_path / "gotodata3/e2.fits")}
    for row, exposure in enumerate(exposure_records(exposures, NIGHT)):
        assert images.batch(exposure, candidates([(10, 12)]), frozen).cutouts[0, 2, 2, 0] == [1210, 1215, 1215][row]


def test_a_file_where_its_path_says_is_described_by_size_and_digest_alone(images_folder):
    path = write(images_folder / "e1.fits", triplet())
    entry = files(images_folder).manifest(pd.DataFrame([{"path": "e1.fits"}]))["e1.fits"]
    assert set(entry) == {"size", "sha256"}
    assert entry["size"] == path.stat().st_size


@pytest.mark.parametrize("path", ["../secret.fits", "a/../../secret.fits", "./../secret.fits"])
def test_no_path_of_a_table_leads_out_of_the_folder(images_folder, path):
    write(images_folder.parent / "secret.fits", triplet())
    (images_folder / "a").mkdir()
    found = batch(files(images_folder), {"path": path}, [(10, 12)])
    assert found.lost == 1
    assert "leads out of" in found.dropped["reason"][0]


def test_no_value_in_a_pattern_leads_upwards(images_folder):
    write(images_folder.parent / "secret.fits", triplet())
    images = files(images_folder, {"hdus": {name: "{name}.fits:" + name.upper() for name in CHANNELS}})
    found = batch(images, {"name": "../secret"}, [(10, 12)])
    assert "name is '../secret'; allowed in a path: no step upwards" in found.dropped["reason"][0]


@hypothesis_settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.one_of(st.text(max_size=40), st.text("./*a{}\0", max_size=12), st.just("x" * 5000)), kind=st.booleans())
def test_any_text_as_a_path_loses_one_exposure_in_one_line(images_folder, path, kind):
    hdus = dict.fromkeys(CHANNELS, "{path}.fits:1") if kind else HDUS
    found = batch(files(images_folder, {"hdus": hdus}), {"path": path}, [(10, 12)])
    assert found.lost == 1
    assert "\n" not in found.dropped["reason"][0]


def test_a_missing_file_names_every_place_that_was_looked_at(images_folder, tmp_path):
    images = files(images_folder, {"mounts": [str(tmp_path / "one"), str(tmp_path / "two")]})
    reason = batch(images, {}, [(10, 12)]).dropped["reason"][0]
    assert reason == f"exposure unusable: no FITS file e1.fits or {tmp_path}/one/e1.fits or {tmp_path}/two/e1.fits"
