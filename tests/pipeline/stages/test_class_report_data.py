import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as reference

from pipeline.errors import InputError
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.scores_file import ScoresWriter, class_columns, read_scores, score_columns
from pipeline.scores.deciding_rules import RULES
from pipeline.stages.class_report_data import class_names_of, gather_class_report_data
from pipeline.stages.plot_results import plot_results
from pipeline.stages.report_sources import ReportSources

NAMES = ("Others", "BG", "LRG", "ELG")
N = 80


@pytest.fixture
def rows_file(make_rows, tmp_path):
    """Colour cutouts of four classes; each is filled with the number of its row."""
    label = np.arange(N) % 4
    rows = make_rows([f"id{i}" for i in range(N)], label=label, night=["all"] * N, label_source=["catalogue"] * N)
    header = CutoutHeader(survey="sky", size_pixel=5, channels=("red", "green", "blue"), class_names=NAMES)
    with CutoutWriter(tmp_path / "rows.h5", header) as writer:
        writer.append(np.repeat(np.arange(N, dtype="f4"), 75).reshape(N, 5, 5, 3), rows)
    return tmp_path / "rows.h5"


@pytest.fixture
def write_classes(tmp_path):
    def write(name="mlp.parquet", k=4, seed=0, about=None):
        rng = np.random.default_rng(seed)
        chances = 0.4 * rng.dirichlet(np.ones(k), N) + 0.6 * np.eye(k)[(np.arange(N) + (rng.random(N) < 0.3)) % k]
        frame = pd.DataFrame({column: [0] * N for column in score_columns(k)})
        for column in ("object_id", "exposure_id", "model", "release"):
            frame[column] = "x"
        frame = frame.assign(
            candidate_id=[f"id{i}" for i in range(N)],
            night="all",
            score=np.nan,
            split=np.where(np.arange(N) < 20, 1, 2),
            **{f"p_{index}": chances[:, index] for index in range(k)},
        )
        if name.endswith(".csv"):
            columns = ["candidate_id", *(f"p_{index}" for index in range(k))]
            frame[columns].assign(label=np.arange(N) % k).to_csv(tmp_path / name, index=False)
        else:
            with ScoresWriter(tmp_path / name, k, about or {}) as writer:
                writer.append(frame)
        return tmp_path / name

    return write


@pytest.fixture
def settings(alert_survey):
    return replace(alert_survey().settings, notes=("Colours decide.",))


def gather(settings, *wanted):
    return gather_class_report_data(SimpleNamespace(settings=settings), *wanted)


def sources(scores, rows, **given):
    return ReportSources(name="sky", title="t", scores=scores, rows=rows, packages={}, **given)


@pytest.mark.replaces("4most", "M2")
def test_a_survey_of_four_classes_gets_its_report(alert_survey, rows_file, write_classes, tmp_path):
    scores = {"mlp": write_classes(), "forest": write_classes("forest.parquet", seed=1)}
    told = []
    plot_results(
        tmp_path / "report",
        alert_survey(),
        sources(scores, [rows_file], must_judge=True),
        replicates=20,
        seed=0,
        provenance={},
        progress=lambda _share, words: told.append(words),
    )
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text())
    frame = read_scores(scores["mlp"])[20:]
    called = frame[[f"p_{index}" for index in range(4)]].to_numpy().argmax(axis=1)
    assert metrics["kind"] == "classes"
    assert metrics["class_names"] == list(NAMES)
    assert metrics["models"]["mlp"]["metrics"]["accuracy"]["value"] == pytest.approx(
        reference.accuracy_score(np.arange(20, N) % 4, called)
    )
    assert metrics["counts"]["by_class"] == dict.fromkeys(NAMES, 15)
    assert (tmp_path / "report" / "figures" / "confusion.png").stat().st_size > 1000
    assert "mlp − forest" in (tmp_path / "report" / "index.html").read_text()
    assert told[0] == "computing metrics and intervals"


def test_the_gallery_has_the_pixels_of_the_confused_rows_themselves(settings, rows_file, write_classes):
    data = gather(settings, sources({"mlp": write_classes()}, [rows_file]), NAMES)
    assert data.notes == ("Colours decide.",)
    assert len(data.mistakes.rows) > 3
    assert data.mistakes.channels == ("red", "green", "blue")
    for name, cutout in zip(data.mistakes.rows["candidate_id"], data.mistakes.cutouts, strict=True):
        assert (cutout == int(name[2:])).all()


def test_confused_rows_of_a_table_come_with_their_features(settings, make_rows, write_classes, tmp_path):
    header = CutoutHeader(survey="sky", channels=("g_r", "magnitude"), class_names=NAMES, kind="table")
    with CutoutWriter(tmp_path / "rows.h5", header) as writer:
        rows = make_rows([f"id{i}" for i in range(N)], label=np.arange(N) % 4, magnitude=np.full(N, 20.0))
        writer.append(np.arange(2 * N, dtype="f4").reshape(N, 1, 1, 2), rows)
    mistakes = gather(settings, sources({"mlp": write_classes()}, [tmp_path / "rows.h5"]), NAMES).mistakes
    assert (mistakes.cutouts, mistakes.features) == (None, ("g_r", "magnitude"))
    assert mistakes.rows["g_r"].tolist() == [2.0 * int(name[2:]) for name in mistakes.rows["candidate_id"]]
    assert set(mistakes.rows["magnitude"]) == {20.0}  # the column of the candidates is kept


@pytest.mark.replaces("4most", "M8")
def test_planes_of_colours_are_computed_from_features_and_columns(settings, make_rows, write_classes, tmp_path, caplog):
    header = CutoutHeader(survey="sky", channels=("g", "r"), class_names=NAMES, kind="table")
    with CutoutWriter(tmp_path / "rows.h5", header) as writer:
        rows = make_rows([f"id{i}" for i in range(N)], label=np.arange(N) % 4, magnitude=np.linspace(16, 22, N))
        values = np.stack([np.arange(N) + 0.5, np.where(np.arange(N) == 30, np.nan, np.arange(N))], axis=1)
        writer.append(values.astype("f4").reshape(N, 1, 1, 2), rows)
    wanted = sources({"mlp": write_classes()}, [tmp_path / "rows.h5"])
    planes = replace(settings, classes=NAMES, colour_diagrams=(("g - r", "magnitude / 2"),))
    (plane,) = gather(planes, wanted, NAMES).diagrams
    assert (plane.x, plane.y) == ("g - r", "magnitude / 2")
    assert plane.points["candidate_id"].tolist() == [f"id{i}" for i in range(20, N)]  # the judged rows
    np.testing.assert_allclose(plane.points["x"], np.where(np.arange(20, N) == 30, np.nan, 0.5))
    np.testing.assert_allclose(plane.points["y"], np.linspace(8, 11, N)[20:], rtol=1e-6)
    unknown = replace(settings, classes=NAMES, colour_diagrams=(("g - r", "r - z"),))
    assert gather(unknown, wanted, NAMES).diagrams == ()
    assert "a plane is left out: colour_diagrams: the expression 'r - z' names no column" in caplog.text


def test_scores_as_csv_need_neither_rows_nor_a_score(settings, write_classes):
    path = write_classes("outside.csv")
    assert class_columns(path) == 4
    wanted = sources({"outside": path}, [])
    with pytest.raises(InputError, match=r"of 4 classes \(p_0 ...\), and the survey's settings names 2: bogus, real"):
        class_names_of(settings, wanted)
    names = class_names_of(replace(settings, classes=NAMES), wanted)
    assert len(gather(settings, wanted, names).judged("outside")) == N


def test_scores_of_another_number_of_classes_than_the_rows_are_refused(settings, rows_file, write_classes):
    wanted = sources({"mlp": write_classes(k=3)}, [rows_file])
    with pytest.raises(InputError, match=r"mlp.parquet has probabilities of 3 classes .* names 4: Others, BG"):
        class_names_of(settings, wanted)


def test_two_classes_with_names_of_their_own_get_a_page_in_these(alert_survey, make_rows, write_classes, tmp_path):
    names = ("galaxy", "star")
    header = CutoutHeader(survey="sky", size_pixel=5, channels=("red", "green", "blue"), class_names=names)
    with CutoutWriter(tmp_path / "rows.h5", header) as writer:
        rows = make_rows([f"id{i}" for i in range(N)], label=np.arange(N) % 2)
        writer.append(np.zeros((N, 5, 5, 3), dtype="f4"), rows)
    scores = read_scores(write_classes(k=2)).assign(score=lambda table: table["p_1"])
    scores[["candidate_id", "score", "split"]].to_csv(tmp_path / "one_score.csv", index=False)
    wanted = sources({"mlp": write_classes(k=2), "other": tmp_path / "one_score.csv"}, [tmp_path / "rows.h5"])
    plot_results(
        tmp_path / "report", alert_survey(), wanted, replicates=5, seed=0, provenance={}, progress=lambda *_: None
    )
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text())
    right = (scores["score"][20:] > 0.5) == (np.arange(20, N) % 2)
    assert metrics["kind"] == "classes"
    assert metrics["counts"]["by_class"] == {"galaxy": 30, "star": 30}
    for model in ("mlp", "other"):
        assert metrics["models"][model]["metrics"]["accuracy"]["value"] == pytest.approx(right.mean())
    page = (tmp_path / "report" / "index.html").read_text().partition("</style>")[2]
    assert "30 galaxy, 30 star" in page
    assert "bogus" not in page.lower()


def test_two_classes_remain_real_and_bogus(settings, write_classes, make_rows, make_cutouts, tmp_path):
    rows = make_cutouts(tmp_path / "two.h5", make_rows(["id0"], label=[1]))
    assert class_names_of(settings, sources({"m": write_classes(k=2)}, [rows])) == ("bogus", "real")
    header = CutoutHeader(survey="sky", size_pixel=5, channels=("red",), class_names=("galaxy", "star"))
    with CutoutWriter(tmp_path / "other.h5", header) as writer:
        writer.append(np.zeros((1, 5, 5, 1), dtype="f4"), make_rows(["id1"], label=[1]))
    with pytest.raises(InputError, match=r"other.h5 has the classes galaxy, star, and .*two.h5 bogus, real; a report"):
        class_names_of(settings, sources({"m": write_classes(k=2)}, [rows, tmp_path / "other.h5"]))


def test_without_labels_there_is_nothing_to_judge(settings, make_rows, write_classes, tmp_path):
    header = CutoutHeader(survey="sky", size_pixel=5, channels=("red", "green", "blue"), class_names=NAMES)
    with CutoutWriter(tmp_path / "none.h5", header) as writer:
        rows = make_rows([f"id{i}" for i in range(N)], label=[-1] * N)
        writer.append(np.zeros((N, 5, 5, 3), dtype="f4"), rows)
    wanted = sources({"mlp": write_classes()}, [tmp_path / "none.h5"], must_judge=True)
    with pytest.raises(
        InputError, match=r"mlp: no rows to judge: 0 were left out .* of the other 80, 80 have no label"
    ):
        gather(settings, wanted, NAMES)


def test_two_files_that_label_a_candidate_differently_cannot_be_compared(settings, write_classes):
    one, other = write_classes("one.csv"), write_classes("other.csv")
    table = pd.read_csv(other)
    table.assign(label=(table["label"] + (table.index < 2)) % 4).to_csv(other, index=False)
    with pytest.raises(
        InputError, match="other: candidate id0 and 1 more have another label than in the scores of one"
    ):
        gather(settings, sources({"one": one, "other": other}, []), NAMES)


@pytest.mark.replaces("4most", "M8")
def test_the_point_of_a_class_is_that_of_all_rows_that_its_veto_allows(settings, make_rows, write_classes, tmp_path):
    label, magnitude = np.arange(N) % 4, np.linspace(16, 22, N)
    header = CutoutHeader(survey="sky", size_pixel=5, channels=("red", "green", "blue"), class_names=NAMES)
    with CutoutWriter(tmp_path / "rows.h5", header) as writer:
        rows = make_rows([f"id{i}" for i in range(N)], label=label, magnitude=magnitude)
        writer.append(np.zeros((N, 5, 5, 3), dtype="f4"), rows)
    vetoing = replace(settings, classes=NAMES, vetoes={"BG": "magnitude > 20"})
    data = gather(vetoing, sources({"mlp": write_classes()}, [tmp_path / "rows.h5"]), NAMES)
    judged, allowed = label[20:] == 1, magnitude[20:] <= 20
    recall, precision = reference.recall_score(judged, allowed), reference.precision_score(judged, allowed)
    assert data.reference_points == {1: pytest.approx((recall, precision))}
    assert data.scores["mlp"]["vetoed_1"].sum() == (magnitude > 20).sum()
    called = data.scores["mlp"][[f"p_{index}" for index in range(4)]].to_numpy().argmax(axis=1)
    after = np.where((called == 1) & (magnitude > 20), 0, called)
    assert data.scores["mlp"]["label_decided"].tolist() == after.tolist(), "scores of before are decided now"
    decided = write_classes("decided.parquet", about={RULES: {"vetoes": {"BG": "magnitude > 21"}, "overrides": {}}})
    with pytest.raises(InputError, match=r"decided.parquet: its classes were decided by other vetoes"):
        gather(vetoing, sources({"mlp": decided}, [tmp_path / "rows.h5"]), NAMES)
