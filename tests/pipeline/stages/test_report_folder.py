import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline.report import build_report
from pipeline.stages.report_folder import write_report


@pytest.fixture
def plots():
    return ("roc", "gallery")


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_equal_data_give_equal_bytes(tmp_path, report_data, plots):
    for name in ("first", "second"):
        write_report(tmp_path / name, build_report(report_data, plots=plots, replicates=10), svg=True)
    assert digests(tmp_path / "first") == digests(tmp_path / "second")


def test_the_directory_holds_the_page_the_figures_and_their_numbers(tmp_path, report_data, plots):
    report = build_report(report_data, plots=plots, replicates=10)
    write_report(tmp_path, report)
    assert set(digests(tmp_path)) == {
        "index.html",
        "metrics.json",
        "figures/roc.png",
        "figures/roc.dark.png",
        "figures/gallery.dark.png",
        "figures/gallery.png",
        "tables/roc.csv",
        "tables/gallery.csv",
    }
    assert json.loads((tmp_path / "metrics.json").read_text()) == report.metrics
    assert (tmp_path / "figures" / "roc.png").read_bytes().startswith(b"\x89PNG")


def test_ids_in_the_tables_are_text_that_no_float_has_touched(tmp_path, report_data):
    report = build_report(report_data, plots=["gallery"], replicates=5)
    write_report(tmp_path, report)
    table = pd.read_csv(tmp_path / "tables" / "gallery.csv", dtype={"candidate_id": str})
    assert table["candidate_id"].tolist() == report_data.mistakes.rows["candidate_id"].tolist()


def test_a_png_says_nothing_of_time_or_software(tmp_path, report_data):
    write_report(tmp_path, build_report(report_data, plots=["roc"], replicates=5))
    content = (tmp_path / "figures" / "roc.png").read_bytes()
    assert b"Software" not in content
    assert b"tIME" not in content


def test_a_picture_names_the_rows_and_the_table_that_it_shows(tmp_path, report_data):
    report = build_report(report_data, plots=["roc"], replicates=5)
    write_report(tmp_path, report)
    table = hashlib.sha256((tmp_path / "tables" / "roc.csv").read_bytes()).hexdigest()
    for name in ("roc.png", "roc.dark.png"):
        with Image.open(tmp_path / "figures" / name) as picture:
            source = picture.info["Source"]
        assert report.metrics["counts"]["rows_sha256"] in source
        assert f"tables/roc.csv sha256 {table}" in source


def test_a_dark_picture_is_dark_and_as_large_as_the_light_one(tmp_path, report_data):
    write_report(tmp_path, build_report(report_data, plots=["score_by_night"], replicates=5))
    light, dark = (
        np.asarray(Image.open(tmp_path / "figures" / f"score_by_night{name}.png").convert("L"), dtype=float)
        for name in ("", ".dark")
    )
    assert light.shape == dark.shape
    assert light[0, 0] == 255
    assert dark[0, 0] < 40
    assert np.median(light) > 200 > 90 > np.median(dark)
