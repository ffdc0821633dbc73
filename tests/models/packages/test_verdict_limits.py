import dataclasses
import json
import logging
import shutil

import numpy as np
import pandas as pd
import pytest
from small_packages import change_values

from models.packages.card import model_card
from models.packages.package import write_package
from models.packages.verdict_limits import stated_limits
from models.recipes.classifier import load
from models.recipes.conformal_recipe import ConformalRecipe
from models.recipes.stack import StackRecipe
from models.scoring import runtime
from models.scoring.score_files import Scoring, score_file
from pipeline.cutouts.missing import Flag
from pipeline.errors import InputError, SettingsError
from pipeline.io.results.commit import commit
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.scores_file import concatenate, read_scores, scores_provenance
from pipeline.scores.calibration import IDENTITY


@pytest.fixture(scope="module")
def judged(tmp_path_factory, ensemble):
    """A package with verdicts whose validation rows are often judged wrongly."""
    rng, logits = np.random.default_rng(0), ensemble.calibrated.logits
    doubtful = logits.assign(logit=rng.normal(np.where(logits["label"] == 1, 1.0, -1.0), 1.2))
    recipe = dataclasses.replace(ensemble.recipe, conformal=ConformalRecipe(error=0.1))
    calibrated = dataclasses.replace(ensemble.calibrated, recipe=recipe, logits=doubtful)
    folder = tmp_path_factory.mktemp("judged") / "package"
    commit(folder, lambda scratch: write_package(scratch, ensemble.files, calibrated, provenance={}), directory=True)
    return folder, calibrated


def scored(folder, dataset, make_rows, path, split=None):
    cutouts = dataset.cutouts("test").copy()
    cutouts[0] = np.nan
    rows = make_rows([f"x{row}" for row in range(len(cutouts))])
    header = CutoutHeader(survey="memory", channels=dataset.channels, size_pixel=15, pixel_scale_arcsec=1.0)
    with CutoutWriter(path.with_suffix(".h5"), header) as writer:
        writer.append(cutouts, rows)
    scoring = Scoring(package=runtime.load(folder), release="r1", seed=1)
    score_file(path, scoring, rows=path.with_suffix(".h5"), provenance={"task": "Infer"})
    return read_scores(path)


def test_a_package_states_the_limits_of_its_validation_rows(judged):
    folder, calibrated = judged
    stated = json.loads((folder / "package.json").read_text())["conformal"]
    rows = calibrated.logits
    score = calibrated.calibration.apply(rows["logit"].to_numpy())
    real, bogus = (np.sort(score[rows["label"] == label]) for label in (1, 0))
    # 40 rows of each class: of 41 with the new one, rank 37 from the inside
    assert stated["bogus_below"] == pytest.approx(real[-37], abs=2e-6)
    assert stated["real_above"] == pytest.approx(bogus[36], abs=2e-6)
    assert stated["rows"] == {"bogus": 40, "real": 40}
    card = (folder / "card.md").read_text()
    assert "Verdicts: at most 0.1 of each class are called the other class, from 40 bogus and 40 real" in card


def test_scores_have_the_verdict_of_their_package(judged, dataset, make_rows, tmp_path):
    folder, _ = judged
    scores = scored(folder, dataset, make_rows, tmp_path / "scores.parquet")
    limits = runtime.load(folder).verdict_limits
    assert list(scores).index("verdict") == list(scores).index("flags") - 1
    value = scores["score"].to_numpy()
    wanted = np.where(value < limits.bogus_below, "bogus", np.where(value > limits.real_above, "real", "ask"))
    wanted[0] = ""
    assert scores["verdict"].tolist() == wanted.tolist()
    assert scores["flags"][0] & Flag.NOT_SCORED
    assert scores_provenance(tmp_path / "scores.parquet")["conformal"] == runtime.load(folder).content["conformal"]
    concatenate(tmp_path / "both.parquet", [tmp_path / "scores.parquet"] * 2, split=-1, provenance={})
    both = read_scores(tmp_path / "both.parquet")
    assert set(both["verdict"]) == set(wanted)
    assert scores_provenance(tmp_path / "both.parquet")["conformal"]["rows"] == {"bogus": 40, "real": 40}


def test_a_package_that_was_asked_for_none_has_none(ensemble, dataset, make_rows, tmp_path):
    assert "conformal" not in json.loads((ensemble.package / "package.json").read_text())
    assert "verdict" not in scored(ensemble.package, dataset, make_rows, tmp_path / "scores.parquet")


@pytest.mark.parametrize(
    ("labels", "words"),
    [([0, 1], "bogus: 1 rows cannot calibrate"), ([1] * 40, "bogus: 0 rows cannot"), ([], "nothing is known of")],
)
def test_too_few_validation_rows_are_told_and_give_no_verdict(labels, words, ensemble, caplog, tmp_path):
    rows = pd.DataFrame({"label": labels, "logit": np.linspace(-1.0, 1.0, len(labels))})
    recipe = ConformalRecipe(error=0.05)
    with caplog.at_level(logging.WARNING):
        stated = stated_limits(recipe, rows, IDENTITY, threshold=0.5, class_names=("bogus", "real"))
    assert words in caplog.text
    assert set(stated["conformal"]) == {"error", "promise", "base_rate", "why_none"}
    content = json.loads((ensemble.package / "package.json").read_text())
    assert f"Verdicts: scores have no verdict, because {words}" in model_card({**content, **stated})
    package = runtime.load(ensemble.package)
    assert "verdict" not in dataclasses.replace(package, content={**content, **stated}).score_columns(decided=False)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"error": 0.5}, "'error' is 0.5; allowed: above 0 and below 0.5"),
        ({"error": 0.05, "promise": "most"}, "promise"),
        ({"error": 0.05, "base_rate": 0.1}, "'base_rate' is 0.1; allowed with 'promise: class': none"),
        ({"error": 0.05, "promise": "all", "base_rate": 1.0}, "'base_rate' is 1.0; allowed: above 0 and below 1"),
        ({"promise": "all"}, "error"),
    ],
)
def test_a_key_out_of_its_range_is_refused(keys, words, toy):
    with pytest.raises(SettingsError, match=words):
        load({**toy.features, "conformal": keys}, "mine")
    members = {"classifier": "stack", "members": ["boosting", "triplet_cnn"], "conformal": keys}
    with pytest.raises(SettingsError, match=words):
        StackRecipe.from_mapping(members)


def test_other_classes_have_no_verdicts():
    rows = pd.DataFrame({"label": [0, 1], "logit": [0.0, 1.0]})
    with pytest.raises(SettingsError, match="allowed with the classes galaxy, star: none"):
        stated_limits(ConformalRecipe(error=0.1), rows, IDENTITY, threshold=0.5, class_names=("galaxy", "star"))


@pytest.mark.parametrize("change", [{"bogus_below": 0.99}, {"real_above": None}, {"error": 2.0}, {"rows": {}}])
def test_limits_that_were_tampered_with_open_no_package(change, judged, tmp_path):
    folder = shutil.copytree(judged[0], tmp_path / "package")
    change_values(folder, lambda values: values["conformal"].update(change))
    with pytest.raises(InputError, match="conformal"):
        runtime.load(folder)
