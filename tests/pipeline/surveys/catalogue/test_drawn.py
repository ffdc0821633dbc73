"""The survey of a drawn catalogue goes from settings to labelled features; its classes are the published cuts."""

import numpy as np
import pytest

from pipeline.expressions.expression import parse
from pipeline.io import settings_files
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.tables.table_file import read_table
from pipeline.settings import parse as parse_settings
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

pytestmark = pytest.mark.replaces("4most", "M1")


@pytest.fixture(scope="module")
def settings():
    return settings_files.load("surveys", "target_selection", SurveySettings)


@pytest.fixture(scope="module")
def folder(settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("survey")
    survey = open_survey(settings, "target_selection")
    assert survey.closed("all")
    survey.make(folder)
    return folder


@pytest.fixture(scope="module")
def table(folder):
    return read_table(folder / "targets.fits", texts=["DES_id"]).set_index("DES_id", drop=False)


@pytest.fixture(scope="module")
def fetched(settings, folder, tmp_path_factory):
    survey = open_survey(settings, "target_selection", folder)
    path = tmp_path_factory.mktemp("night") / "all.h5"
    job = NightJob(survey=survey, name="target_selection", night="all", manifest=survey.freeze("all"), provenance={},
                   progress=lambda *_: None)  # fmt: skip
    fetch_cutouts(path, job)
    with open_cutouts(path) as opened:
        yield opened


def inside(x, y, *lines):
    """Which points lie above each line ``(slope, intercept, 1)``, or below ``(slope, intercept, -1)``."""
    return np.all([sign * (y - slope * x - intercept) > 0 for slope, intercept, sign in lines], axis=0)


def published(table):
    """The classes by the published formulas, with the two colours as polygons; nothing here knows expressions."""
    seen = table.mask(table.isin([99.0, -99.0]))
    j, z = seen["VHS_j"].to_numpy(), seen["HSC_ephor_zphot"].to_numpy()
    x, y = j - seen["VHS_k"].to_numpy(), j - seen["WISE_w1"].to_numpy()
    g_r, r_i = (seen["DES_g"] - seen["DES_r"]).to_numpy(), (seen["DES_r"] - seen["DES_i"]).to_numpy()
    is_extended = (table["isVHS"] & table["isWISE"] & (table["VHS_class"] == 1)).to_numpy()
    g = seen["DES_g"].to_numpy()
    bright = is_extended & (np.abs(j - 17) < 1) & (np.abs(x - 0.55) < 0.45) & (np.abs(z - 0.225) < 0.175)
    red = is_extended & (np.abs(j - 18.75) < 0.75) & (np.abs(x - 0.875) < 0.625) & (np.abs(z - 0.575) < 0.175)
    lines = np.abs(g - 22.1) < 1.1
    return {
        "BG": bright & inside(x, y, (1.6, -1.6, 1), (1.6, -0.5, -1), (-0.5, -1.0, 1), (-0.5, 0.1, -1)),
        "LRG": red & inside(x, y, (0, 1.5, -1), (1.6, -1.5, 1), (-0.5, 0.65, 1)),
        "ELG": lines & (np.abs(z - 0.925) < 0.175)
        & inside(g_r, r_i, (-2.5, 0.5, 1), (-2.5, 3.5, -1), (0.4, 0.3, 1), (0.4, 0.9, -1)),
        "QSO": (table["isWISE"] & table["isDR14QSO"] & (table["DR14QSO_zspec"] > 1.1)).to_numpy(),
    }  # fmt: skip


def test_the_classes_are_those_of_the_published_cuts(settings, fetched, table):
    rows = fetched.candidates()
    wanted = published(table.loc[rows["candidate_id"]])
    names = settings.class_names
    for name, is_of in wanted.items():
        assert ((rows["label"] == names.index(name)) == is_of).all(), name
        assert is_of.sum() > 100
    assert ((rows["label"] == 0) == ~np.any(list(wanted.values()), axis=0)).all()


def test_only_bright_sources_stay(fetched, table):
    seen = table.mask(table.isin([99.0]))
    kept = (
        (table["isWISE"] & table["isDR14QSO"])
        | seen["VHS_j"].between(16, 19.5, inclusive="neither")
        | seen["DES_g"].between(21, 23.2, inclusive="neither")
    )
    assert sorted(fetched.candidates()["candidate_id"]) == sorted(table.index[kept])


def test_the_features_are_magnitudes_errors_and_the_spread_with_gaps_missing(settings, fetched, table):
    rows = table.loc[fetched.candidates()["candidate_id"]]
    names = list(settings.channels)
    assert len(names) == 17
    wanted = rows[names].mask(rows[names] == 99.0).to_numpy(np.float32)
    found = np.concatenate([cutouts for _, cutouts in fetched.batches(1000)])[:, 0, 0, :]
    np.testing.assert_array_equal(found, wanted)
    assert 0.05 < np.isnan(found).mean() < 0.5


def test_weights_are_the_confidence_on_the_scale_of_each_class(settings, fetched, table):
    candidates = fetched.candidates()
    rows = table.loc[candidates["candidate_id"]]
    trust = ((1 - rows["HSC_ephor_zphotrisk"]) * rows["HSC_ephor_zphotconf"]).to_numpy()
    for code, name in enumerate(settings.class_names):
        mine = (candidates["label"] == code).to_numpy()
        least = trust[mine].min()
        wanted = np.ones(mine.sum()) if name == "QSO" else (trust[mine] - least) / (1 - least)
        np.testing.assert_allclose(candidates["weight"][mine], wanted, atol=1e-6)


def no_outlier(table):
    errors = [name for name in table if name.endswith("err")]
    magnitudes = [name.removesuffix("err") for name in errors]
    return (table[magnitudes] < 90).all(axis=1) & (table[errors] < 1).all(axis=1) & (table["DES_spread"].abs() <= 1)


def no_star(table):
    return (table["VVDS_zspec"] != 0) & (table["DR14QSO_zspec"] != 0)


def safe(table):
    trust = table["HSC_ephor_zphotconf"] * (1 - table["HSC_ephor_zphotrisk"])
    return (trust >= 0.3) | (table["isWISE"] & table["isDR14QSO"] & (table["DR14QSO_zspec"] > 1.1))


@pytest.mark.parametrize(("cut", "wanted"), [("noout", no_outlier), ("nostar", no_star), ("zsafe", safe)])
def test_the_other_named_cuts_keep_what_the_old_system_kept(settings, table, cut, wanted):
    columns = {name: table[name].to_numpy() for name in table if table[name].dtype.kind in "biuf"}
    kept = parse(settings.input["named_cuts"][cut]).evaluate(columns)
    assert (kept == wanted(table).to_numpy()).all()
    assert 0.05 < kept.mean() < 0.99


@pytest.mark.parametrize(("use", "features"), [
    (["colors"], 6), (["colors", "mag"], 14), (["colors", "mag", "err"], 22), (["mag", "spread"], 9),
])  # fmt: skip
def test_the_tags_that_chose_features_are_sets_of_them(use, features):
    content = settings_files.raw("surveys", "target_selection")
    changed = parse_settings(SurveySettings, content | {"input": content["input"] | {"use": use}}, "surveys/x.yaml")
    assert len(changed.channels) == features
    assert len(open_survey(changed, "x").input.used) == features
