from dataclasses import replace

import numpy as np
import pytest

from pipeline.report.bootstrap import Bootstrap
from pipeline.report.classes.caveats import class_caveats
from pipeline.report.classes.measures import measure_classes

HOW = Bootstrap(replicates=20, seed=0)


@pytest.fixture(scope="module")
def words(class_report_data):
    def said(change=None, **given):
        rows = class_report_data.scores["mlp"]
        rows = rows if change is None else change(rows.copy())
        return " ".join(class_caveats(measure_classes(replace(class_report_data, scores={"mlp": rows}, **given), HOW)))

    return said


def test_a_class_without_rows_is_named(words):
    assert "No judged row is of <QSO>" in words(lambda rows: rows[rows["label"] < 3])


def test_classes_with_few_groups_are_named_with_their_number(words):
    assert "Few independent groups: BG (" in words()
    many = words(lambda rows: rows.assign(group_id=[f"g{i}" for i in range(len(rows))], split=2))
    assert "BG (" not in many


def test_a_class_that_is_never_called_counts_as_zero(words):
    assert "No row is called <QSO>" in words(lambda rows: rows.assign(p_0=rows["p_0"] + rows["p_3"], p_3=0.0))


def test_what_the_judged_part_means_is_said(words):
    assert "trained on these rows" in words(lambda rows: rows[rows["split"] == 0])
    assert "There are no test rows" in words(lambda rows: rows[rows["split"] < 2])


def test_a_classifier_that_knows_its_training_rows_by_heart_is_named(words):
    def by_heart(rows):
        learned = rows["split"].to_numpy() == 0
        for index in range(4):
            rows[f"p_{index}"] = np.where(learned, (rows["label"] == index).astype(float), rows[f"p_{index}"])
        return rows

    assert "Macro F1 of the training rows is 1.000" in words(by_heart)
    assert "by heart" not in words()


def test_probabilities_that_are_no_probabilities_are_named(words):
    def certain(rows):
        best = rows[["p_0", "p_1", "p_2", "p_3"]].to_numpy().argmax(axis=1)
        return rows.assign(**{f"p_{index}": (best == index).astype(float) for index in range(4)})

    assert "do not read it as a probability" in words(certain)


def test_shares_sources_unscored_and_learned_rows_are_stated(words):
    def unscored(rows):
        rows.loc[0, "p_1"] = np.nan
        return rows

    found = words(unscored, learned={"mlp": {"train": 7, "validation": 2}}, separations=[None])
    assert "Of these rows: Others " in found
    assert "BG by catalogue (" in found
    assert "1 rows of this part, 1 of them labelled, could not be scored" in found
    assert "7 training and 2 validation rows were left out because it learned from them" in found
    assert "does not say whether cutouts of its training rows overlap" in found
