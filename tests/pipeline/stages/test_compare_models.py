"""Champion and challenger are read from their reports; other rows, lost scores and hostile names are met."""

import json

import numpy as np
import pandas as pd
import pytest
from compared_models import report_numbers
from html_pages import Page

from pipeline.errors import InputError, MissingInputError, UnknownNameError
from pipeline.io.results.scores_file import ScoresWriter
from pipeline.report.binary.gate_rules import GateRules
from pipeline.report.binary.measures import rows_digest
from pipeline.report.bootstrap import Bootstrap
from pipeline.stages.compare_models import Asked, compare_models
from pipeline.stages.stored_report import StoredReport

HOSTILE = "<script>alert(1)</script>"
IDS = ["a", "b", HOSTILE, "d", "e", "f"]
ASKED = Asked(how=Bootstrap(replicates=10, seed=1), rules=GateRules(least_real=1, least_bogus=1), shown=2)


@pytest.fixture
def rows(make_rows, make_cutouts, tmp_path):
    frame = make_rows(IDS, label=[1, 1, 1, 0, 0, 0], kind=["mover"] * 6)
    make_cutouts(tmp_path / "rows.h5", frame)
    return frame


@pytest.fixture
def stored(rows, tmp_path):
    """Return what writes a report with its scores into the data folder, and reads it back."""

    def write(name, score, *, sha256=None, lost=False):
        values = np.asarray(score, np.float32)
        frame = rows[["candidate_id", "object_id", "exposure_id", "night"]].assign(
            split=np.int8(-1), p_0=1 - values, p_1=values, label_predicted=np.int8(0), score=values,
            score_std=np.float32(np.nan), entropy=np.float32(np.nan), bald=np.float32(np.nan), flags=np.int32(0),
            model=name, release="r1",
        )  # fmt: skip
        place = f"{name}.parquet"
        inputs = {"rows": "rows.h5", "package": f"package-{name}"}
        with ScoresWriter(tmp_path / place, 2, {"inputs": inputs}) as writer:
            writer.append(frame)
        folder = tmp_path / f"report-{name}"
        folder.mkdir()
        numbers = report_numbers(name, sha256=sha256 or rows_digest(rows))
        (folder / "metrics.json").write_text(json.dumps(numbers))
        record = {"inputs": {f"scores {name}": "gone.parquet" if lost else place}, "fingerprint": name}
        (folder / "provenance.json").write_text(json.dumps(record))
        return StoredReport.read(folder)

    return write


def compare(champion, challenger, tmp_path):
    folder = tmp_path / "comparison"
    folder.mkdir()
    numbers = compare_models(
        folder, champion, challenger, ASKED, data=tmp_path, provenance={}, progress=lambda *_: None
    )  # fmt: skip
    return numbers, folder


def test_the_folder_has_the_page_the_numbers_and_who_changed(stored, tmp_path):
    champion = stored("old", [0.9, 0.9, 0.1, 0.9, 0.1, 0.1])
    challenger = stored("new", [0.9, 0.1, 0.8, 0.2, 0.1, 0.1])
    numbers, folder = compare(champion, challenger, tmp_path)
    assert json.loads((folder / "comparison.json").read_text()) == numbers
    assert numbers["rows"]["both"] == 6
    changed = pd.read_csv(folder / "changes.csv").set_index("candidate_id")["change"].to_dict()
    assert changed == {"b": "real_lost", HOSTILE: "real_gained", "d": "bogus_turned_away"}
    text = (folder / "index.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "<script" not in text
    assert HOSTILE in page.text
    assert len(page.images) == 3 * 3
    assert champion.package(tmp_path) == tmp_path / "package-old"


def test_reports_of_other_rows_are_refused_with_both_named(stored, tmp_path):
    champion, challenger = stored("old", [0.5] * 6, sha256="0" * 64), stored("new", [0.5] * 6)
    with pytest.raises(InputError, match=r"report-old judges 6 rows \(0{12}\), the challenger's .*report-new judges"):
        compare(champion, challenger, tmp_path)


def test_scores_that_are_no_longer_those_of_the_report_are_refused(stored, tmp_path):
    champion, challenger = (stored(name, [0.5] * 6, sha256="0" * 64) for name in ("old", "new"))
    with pytest.raises(InputError, match="made again since"):
        compare(champion, challenger, tmp_path)


def test_lost_scores_and_unknown_models_are_named(stored, tmp_path):
    champion = stored("old", [0.5] * 6, lost=True)
    with pytest.raises(MissingInputError, match=r"was made of gone\.parquet"):
        compare(champion, stored("new", [0.5] * 6), tmp_path)
    with pytest.raises(UnknownNameError, match="'other'; known: old"):
        StoredReport.read(champion.folder, "other")
    (champion.folder / "provenance.json").unlink()
    with pytest.raises(InputError, match="does not say which scores"):
        StoredReport.read(champion.folder)
