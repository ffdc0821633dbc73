import hashlib
import json

import pandas as pd
import pytest

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
