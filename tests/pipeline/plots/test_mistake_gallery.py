from dataclasses import replace

import numpy as np
import pytest

from pipeline.metrics.mistakes import EXAMPLES, example_rows
from pipeline.plots import PLOTS, Mistakes


def stamps(figure):
    return [axes for axes in figure.axes if axes.images or axes.texts]


def test_each_mistake_is_shown_in_all_its_channels_with_equal_stamps(report_data):
    result = PLOTS["gallery"](report_data)
    assert len(stamps(result.figure)) == 3 * len(report_data.mistakes.rows)
    sizes = {tuple(axes.get_position().bounds[2:]) for axes in stamps(result.figure)}
    assert len({tuple(round(side, 9) for side in size) for size in sizes}) == 1


def test_the_table_names_what_is_shown_and_how_it_was_scored(report_data):
    table = PLOTS["gallery"](report_data).table
    assert table["candidate_id"].tolist() == report_data.mistakes.rows["candidate_id"].tolist()
    assert set(table["mistake"]) == {"false alarm", "missed real"}


def test_missing_pixels_are_no_grey(report_data):
    figure = PLOTS["gallery"](report_data).figure
    words = [text.get_text() for axes in stamps(figure) for text in axes.texts]
    assert words.count("missing") == 1


@pytest.mark.replaces("gmadet", "O12")
def test_what_is_usual_stands_under_its_heading(report_data):
    rows = example_rows(report_data.judged("cnn"), 0.5, 3, np.random.default_rng(1))
    of = rows.groupby("mistake")
    assert of.size().to_dict() == dict.fromkeys(EXAMPLES, 3)
    assert (
        (of.get_group("true positive")[["label"]] == 1).all() & (of.get_group("true positive")["score"] >= 0.5).all()
    ).all()
    assert (
        (of.get_group("true negative")[["label"]] == 0).all() & (of.get_group("true negative")["score"] < 0.5).all()
    ).all()
    nearest = (report_data.judged("cnn")["score"] - 0.5).abs().nsmallest(3)
    assert (of.get_group("most uncertain")["score"] - 0.5).abs().tolist() == pytest.approx(nearest.tolist())
    cutouts = np.zeros((len(rows), 9, 9, 3), dtype="f4")
    result = PLOTS["examples"](replace(report_data, examples=Mistakes(rows=rows, cutouts=cutouts)))
    assert result.table["shown_as"].tolist() == rows["mistake"].tolist()
    words = " ".join(text.get_text() for text in result.figure.texts)
    assert "Rightly called real" in words
    assert all(name in words for name in rows["candidate_id"])
