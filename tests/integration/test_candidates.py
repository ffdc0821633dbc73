"""The list of a night's candidates, as a user asks for it: which scores, which file, and what to do without."""

import csv
import io
import re
import shutil

import numpy as np
import pytest
from astropy.table import Table

from commands.main import main
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter, open_cutouts
from pipeline.io.results.scores_file import read_scores
from pipeline.surveys.base import dropped_rows

NIGHT = "2026-01-02"


@pytest.fixture
def candidates_verb(here, tmp_path, monkeypatch, capfdbinary):
    """Return exit code, output and errors of the verb, run in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, night=NIGHT):
        code = main(["candidates", "tiny", night, *map(str, arguments)])
        said = capfdbinary.readouterr()
        return code, said.out.decode(), said.err.decode()

    return run


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def scores_of(project):
    (path,) = (path for path in project.results("Infer") if path.parent.name == NIGHT)
    return path


def test_the_csv_is_the_night_by_its_scores_with_what_the_cutouts_know(candidates_verb, here):
    code, text, _ = candidates_verb("--to", "csv", "--top", 1000)
    assert code == 0
    expected = read_scores(scores_of(here)).sort_values(["score", "candidate_id"], ascending=[False, True])
    rows = rows_of(text)
    assert [row["candidate_id"] for row in rows] == expected["candidate_id"].tolist()
    np.testing.assert_array_equal(np.array([row["score"] for row in rows], np.float32), expected["score"])
    (cutouts,) = (path for path in here.results("FetchCutouts") if path.parent.name == NIGHT)
    with open_cutouts(cutouts) as file:
        known = file.candidates().set_index("candidate_id").loc[expected["candidate_id"]]
    for name in ("ra_deg", "dec_deg", "time_mjd"):
        np.testing.assert_array_equal(np.array([row[name] for row in rows], np.float64), known[name])
    assert [row["band"] for row in rows] == known["band"].tolist()


def test_the_page_is_one_file_named_by_survey_and_night(candidates_verb, tmp_path):
    code, text, _ = candidates_verb("--top", 5)
    assert code == 0
    assert re.fullmatch(rf"candidates-tiny-{NIGHT}\.html: 5 of \d+ candidates\n", text)
    assert [path.name for path in tmp_path.glob("*.html")] == [f"candidates-tiny-{NIGHT}.html"]
    page = (tmp_path / f"candidates-tiny-{NIGHT}.html").read_text(encoding="utf-8")
    assert page.count("<article") == 5
    assert page.count("data:image/png;base64,") == 15
    assert "The sky is synthetic" in page
    assert f"tiny/r1/{NIGHT}/Infer-tiny-tiny-seed1-" in page
    assert candidates_verb("--top", 5)[0] == 0  # the list of a later run takes its place
    assert page == (tmp_path / f"candidates-tiny-{NIGHT}.html").read_text(encoding="utf-8")


def test_the_page_names_its_scores_where_the_survey_lies_on_another_disk(candidates_verb, here, tmp_path):
    survey = here.data / "tiny"
    survey.rename(tmp_path / "another disk")
    survey.symlink_to(tmp_path / "another disk")
    assert candidates_verb("--top", 1)[0] == 0
    page = (tmp_path / f"candidates-tiny-{NIGHT}.html").read_text(encoding="utf-8")
    assert f"tiny/r1/{NIGHT}/Infer-tiny-tiny-seed1-" in page
    assert str(here.data) not in page


def test_who_was_left_out_of_the_night_is_said_beside_the_count(candidates_verb, make_rows, tmp_path):
    header = CutoutHeader(survey="toy", channels=("science",), size_pixel=3, pixel_scale_arcsec=1.0)
    with CutoutWriter(tmp_path / "c.h5", header) as writer:
        writer.append(np.zeros((1, 3, 3, 1), np.float32), make_rows(["a"], night=[NIGHT]))
        writer.drop(dropped_rows(["x", "y"], "cut", "outside the image"))
    (tmp_path / "s.csv").write_text("candidate_id,score\na,0.5\n")
    code, text, said = candidates_verb("--scores", "s.csv", "--rows", "c.h5")
    assert (code, said) == (0, "")
    assert text == f"candidates-tiny-{NIGHT}.html: 1 of 1 candidates; left out: outside the image (2)\n"


def test_a_votable_has_the_night_and_its_scores_in_it(candidates_verb, tmp_path):
    assert candidates_verb("--to", "night.vot", "--sign", "-1", "--by-object")[0] == 0
    table = Table.read(tmp_path / "night.vot", format="votable")
    assert set(table["flux_sign"]) == {-1}
    assert len(set(table["object_id"])) == len(table)
    assert (table["score"][:-1] >= table["score"][1:]).all()
    assert 'value="2026-01-02"' in (tmp_path / "night.vot").read_text(encoding="utf-8")


def test_a_night_that_is_not_scored_names_the_command_and_builds_nothing(candidates_verb, here):
    before = here.results()
    code, _, said = candidates_verb(night="2026-01-01")
    assert code == 1
    command = "run luigi --module tasks Infer --survey tiny --night 2026-01-01 --local-scheduler"
    assert command in said
    assert len(said.splitlines()) == 1
    assert here.results() == before


def test_scores_by_other_settings_are_named_and_can_be_looked_at(candidates_verb, here):
    there = scores_of(here)
    here.change("classifiers", "tiny", settings={"n_estimators": 9})
    code, _, said = candidates_verb()
    assert code == 1
    assert f"existing scores: --scores {there}" in said
    assert candidates_verb("--scores", there, "--to", "csv")[1].count("\n") == 51


def test_a_package_that_is_given_and_another_release_are_told_on(candidates_verb, here):
    (package,) = here.results("CalibratePackage")
    code, _, said = candidates_verb("--package", package, "--release", "r 2")
    assert code == 1
    assert f"--survey tiny --release 'r 2' --package {package} --night {NIGHT} --local-scheduler" in said


def test_scores_without_their_cutouts_name_the_command_that_makes_these(candidates_verb, here):
    kept = shutil.copy(scores_of(here), here.root / "kept.parquet")
    for path in here.results("FetchCutouts"):
        path.unlink()
    code, _, said = candidates_verb()
    assert code == 1
    assert f"run luigi --module tasks FetchCutouts --survey tiny --night {NIGHT} --local-scheduler" in said
    code, _, said = candidates_verb("--scores", kept)
    assert code == 1
    assert "does not name its cutouts, or they are gone; name the file with --rows" in said


def test_scores_of_another_program_are_joined_with_a_cutout_file(candidates_verb, here, tmp_path):
    (cutouts,) = (path for path in here.results("FetchCutouts") if path.parent.name == NIGHT)
    with open_cutouts(cutouts) as file:
        ids = file.candidates(columns=("candidate_id",))["candidate_id"]
    lines = [f"{name},{0.1 * place}" for place, name in enumerate(ids[:3])]
    (tmp_path / "other.csv").write_text("\n".join(["candidate_id,score", *lines]) + "\n")
    code, text, _ = candidates_verb("--scores", "other.csv", "--rows", cutouts, "--to", "csv")
    assert code == 0
    assert [row["candidate_id"] for row in rows_of(text)] == ids[2::-1].tolist()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "night.pdf"), "--to night.pdf: unknown ending; allowed: csv, votable, html, or a file .html"),
        (("--to", "file/night.csv"), "--to file/night.csv cannot be written"),
        (("--top", "0"), "top is 0; allowed: at least 1"),
        (("--min-score", "2"), "min_score is 2; allowed: 0 to 1"),
        (("--scores", "none.parquet"), "no scores file none.parquet"),
        (("--classifier", "tyny"), "unknown classifier 'tyny'"),
    ],
)
def test_a_mistake_is_one_line(candidates_verb, tmp_path, arguments, words):
    (tmp_path / "file").write_text("")
    code, text, said = candidates_verb(*arguments)
    assert (code, text) == (1, "")
    assert words in said
    assert len(said.splitlines()) == 1


def test_a_night_that_is_no_night_is_one_line(candidates_verb):
    assert "night 'tomorrow' is not a date" in candidates_verb(night="tomorrow")[2]
    assert "`nightsift candidates` needs a night" in candidates_verb(night="")[2]


def test_the_page_counts_the_candidates_that_the_classifier_learned_from(candidates_verb, here, tmp_path):
    (dataset,) = here.results("BuildDataset")
    with open_cutouts(dataset) as file:
        rows = file.candidates().assign(part=file.split()[0])
    night = set(read_scores(scores_of(here))["candidate_id"])
    learned = len(night & set(rows["candidate_id"][rows["part"] < 2]))
    assert learned > 0
    assert candidates_verb("--to", "night.html", "--top", 1)[0] == 0
    page = (tmp_path / "night.html").read_text(encoding="utf-8")
    assert f"The classifier learned from {learned} of these {len(night)} candidates" in page
