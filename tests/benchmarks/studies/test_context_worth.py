"""The study of what the context is worth, on rows of which the context alone tells what they are."""

import numpy as np
import pytest

from benchmarks.studies import context_worth
from models.recipes.classifier import load
from pipeline.context.names import CONTEXT_COLUMNS
from pipeline.io.settings_files import raw


@pytest.fixture
def rows():
    rng = np.random.default_rng(1)
    is_real = rng.random(300) < 0.4
    kind = np.where(is_real, "variable", "satellite_trail").astype(object)
    context = rng.normal(size=(300, len(CONTEXT_COLUMNS))).astype(np.float32)
    context[:, 0] += np.where(is_real, -4.0, 4.0)
    return context_worth.Rows(
        features=rng.normal(size=(300, 3)).astype(np.float32),
        context=context,
        kind=kind,
        is_real=is_real,
        fold=np.arange(300) % context_worth.FOLDS,
    )


def test_the_column_that_tells_them_apart_is_worth_what_it_tells(rows):
    alone = context_worth.alone_table(rows)[2:]
    assert alone[0].startswith("| `line_significance` | 1.000 |")

    pixels, chosen, every = context_worth.worth_table(rows)[2:]
    assert float(pixels.split("|")[2]) < 0.65
    assert float(chosen.split("|")[2]) > 0.99
    assert int(every.split("|")[6].split()[0]) <= 2  # one of a hundred may pass


def test_a_row_is_scored_by_models_that_saw_nothing_of_its_night(rows, monkeypatch):
    learnt = []

    class Model:
        def fit(self, seen, is_real, sample_weight):
            learnt.append(set(seen[:, 0].tolist()))

        def predict_proba(self, seen):
            assert learnt[-1].isdisjoint(seen[:, 0].tolist())
            return np.full((len(seen), 2), 0.5)

    monkeypatch.setattr(context_worth, "build_boosting", lambda _: Model())
    assert context_worth.scores_of(rows, ()).tolist() == [0.5] * 300
    assert len(learnt) == context_worth.FOLDS


def test_the_columns_that_are_judged_are_those_of_the_recipe():
    recipe = load(raw("classifiers", "boosting_context"), "boosting_context")
    assert recipe.metadata.columns == context_worth.VARIANTS["with those of `boosting_context`"]
