"""The folder of a night's report, made of files as tasks write them; hostile names, empty nights, bounded pages."""

import json

import numpy as np
import pandas as pd
import pytest
from html_pages import Page

import pipeline.stages.night_report as stage
from pipeline.errors import InputError
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.scores_file import ScoresWriter
from pipeline.stages.night_report import NightFiles, night_report
from pipeline.surveys.base import dropped_rows

NIGHT, BEFORE = "2026-01-05", "2026-01-04"
HOSTILE = "<script>alert(1)</script>"
HEADER = CutoutHeader(
    survey="toy", channels=("science", "template", "difference"), size_pixel=3, pixel_scale_arcsec=1.0
)


def write_scores(path, rows, score, score_std=np.nan):
    """Write the scores of candidates as `Infer` writes them, called at 0.5."""
    values = np.asarray(score, np.float32)
    with ScoresWriter(path, 2, {}) as writer:
        called = np.where(np.isnan(values), -1, values >= 0.5)
        writer.append(
            pd.DataFrame({
                **{name: rows[name] for name in ("candidate_id", "object_id", "exposure_id", "night")},
                "split": np.int8(-1), "p_0": 1 - values, "p_1": values, "label_predicted": called.astype(np.int8),
                "score": values, "score_std": np.float32(score_std), "entropy": np.float32(0.2),
                "bald": np.float32(0.01), "flags": np.int32(0), "model": "net", "release": "r1",
            })
        )  # fmt: skip
    return path


@pytest.fixture
def report(tmp_path, make_rows, make_cutouts):
    """Return what writes the report of a night of rows, and gives its numbers and its folder."""

    def write(rows, score, *, score_std=np.nan, dropped=(), earlier=(), top=50, per_exposure=20, **more):
        cutouts = tmp_path / "cutouts.h5"
        pixels = np.random.default_rng(1).normal(size=(len(rows), 3, 3, 3)).astype(np.float32)
        with CutoutWriter(cutouts, HEADER) as writer:
            writer.append(pixels, rows)
            if dropped:
                writer.drop(dropped_rows(list(dropped), "cut", HOSTILE))
        files = NightFiles(
            survey="toy", night=NIGHT, manifest={"queries": {"candidates": {"rows": len(rows)}}}, cutouts=cutouts,
            scores=write_scores(tmp_path / "scores.parquet", rows, score, score_std), package=tmp_path / "none",
            earlier=dict(earlier), threshold=0.5, rule="fixed",
        )  # fmt: skip
        folder = tmp_path / "report"
        folder.mkdir()
        numbers = night_report(
            folder, files, top=top, per_exposure=per_exposure, provenance={"task": "NightReport"},
            progress=lambda *_: None, **more,
        )  # fmt: skip
        return numbers, folder

    return write


def page(path):
    return Page(path.read_text(encoding="utf-8"))


@pytest.mark.replaces("gotorb", "G14")
def test_each_exposure_has_a_page_with_stamps_scores_posteriors_and_earlier_scores(report, make_rows, tmp_path):
    rows = make_rows(
        ["a", "b", "c"], night=[NIGHT] * 3, object_id=["o1", "o2", "o1"], exposure_id=["x", "x", "y"],
        time_mjd=[61045.1, 61045.1, 61045.2],
    )  # fmt: skip
    old = make_rows(["z"], night=[BEFORE], object_id=["o1"], exposure_id=["w"])
    numbers, folder = report(
        rows, [0.9, 0.3, 0.6], score_std=0.04, earlier={BEFORE: write_scores(tmp_path / "old.parquet", old, [0.7])}
    )
    pages = sorted(path.name for path in (folder / "exposures").iterdir())
    assert pages == ["0001.html", "0002.html"]
    first, second = (page(folder / "exposures" / name) for name in pages)
    assert len(first.images) == 2 * 3
    assert all(image["src"].startswith("data:image/png;base64,") for image in first.images)
    assert "0.900" in first.text
    assert "0.900 ± 0.040" in first.text
    assert "entropy 0.200 nat, BALD 0.010 nat" in first.text
    assert f"{BEFORE}  0.700" in first.text
    assert f"{BEFORE}  0.700\n{NIGHT}  0.900" in second.text  # of the night before, and of earlier in this one
    assert {"../index.html", "0002.html"} <= set(first.links)
    whole = page(folder / "index.html")
    assert {"exposures/0001.html", "exposures/0002.html", "night.json", "candidates.csv"} <= set(whole.links)
    assert json.loads((folder / "night.json").read_text()) == numbers
    assert numbers["counts"]["called"] == 2
    assert pd.read_csv(folder / "candidates.csv")["candidate_id"].tolist() == ["a", "c", "b"]


def test_what_is_not_shown_is_said(report, make_rows, monkeypatch):
    monkeypatch.setattr(stage, "MOST_PAGES", 2)
    ids = [f"c{place:02d}" for place in range(12)]
    rows = make_rows(ids, night=[NIGHT] * 12, exposure_id=[f"e{place % 3}" for place in range(12)])
    _, folder = report(rows, np.where(np.arange(12) % 3 == 1, 0.1, 0.8), top=5, per_exposure=3)
    whole = page(folder / "index.html")
    assert "5 of 12 are shown" in " ".join(whole.text.split())
    assert "2 of 3 exposures with candidates have a page" in " ".join(whole.text.split())
    assert len(list((folder / "exposures").iterdir())) == 2
    assert "3 of 4 are shown" in " ".join(page(folder / "exposures" / "0001.html").text.split())
    assert "exposures/0002.html" in whole.links  # of e2, the other one with reals


def test_hostile_names_are_text_and_lead_nowhere(report, make_rows):
    rows = make_rows(
        [HOSTILE, "b"], night=[NIGHT] * 2, object_id=[HOSTILE, "../../x"], exposure_id=[HOSTILE, "../../x"],
        telescope=[HOSTILE] * 2, band=["\x1b[31m"] * 2,
    )  # fmt: skip
    _, folder = report(rows, [0.9, 0.8], dropped=["gone"])
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*.html")]
    assert sorted(files) == ["exposures/0001.html", "exposures/0002.html", "index.html"]
    for name in files:
        text = (folder / name).read_text(encoding="utf-8")
        assert "<script" not in text
        assert "\x1b" not in text
    assert HOSTILE in page(folder / "index.html").text


@pytest.mark.parametrize("n", [0, 2])
def test_a_night_without_candidates_or_without_scores_has_a_sensible_page(report, make_rows, n):
    numbers, folder = report(make_rows(list("ab")[:n], night=[NIGHT] * n), [np.nan] * n)
    text = " ".join(page(folder / "index.html").text.split())
    said = "No candidate of the night has a score." if n else "the result is empty and complete"
    assert said in text
    assert numbers["counts"]["called"] == 0
    assert (folder / "figures" / "score_distribution.png").is_file()


def test_two_runs_write_the_same(report, make_rows, tmp_path):
    rows = make_rows(["a", "b"], night=[NIGHT] * 2, exposure_id=["x", "y"])
    _, folder = report(rows, [0.9, 0.3])
    first = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    folder.rename(tmp_path / "first")
    for name in ("cutouts.h5", "scores.parquet"):
        (tmp_path / name).unlink()
    _, folder = report(rows, [0.9, 0.3])
    assert first == {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_scores_of_more_classes_are_refused(report, make_rows, tmp_path):
    rows = make_rows(["a"], night=[BEFORE])
    values = {f"p_{place}": np.float32(1 / 3) for place in range(3)}
    frame = rows[["candidate_id", "object_id", "exposure_id", "night"]].assign(
        **values, split=np.int8(-1), label_predicted=np.int8(0), score=np.float32(np.nan), score_std=np.float32(np.nan),
        entropy=np.float32(0), bald=np.float32(0), flags=np.int32(0), model="net", release="r1",
    )  # fmt: skip
    with ScoresWriter(tmp_path / "old.parquet", 3, {}) as writer:
        writer.append(frame)
    with pytest.raises(InputError, match="probabilities of 3 classes"):
        report(make_rows(["b"], night=[NIGHT]), [0.5], earlier={BEFORE: tmp_path / "old.parquet"})
