import numpy as np
import onnxruntime
import pytest

from models.architectures.rules import RuleCuts
from models.graphs.cuts_graph import cuts_graph
from models.recipes.classifier import load
from pipeline.errors import SettingsError
from pipeline.features import feature_names, physical_features
from pipeline.features.cuts import FeatureCut, FeatureCuts, cuts_of
from pipeline.io import settings_files

NAMES = ("a", "b", "c")
CUTS = FeatureCuts(
    names=("low", "range"),
    columns=np.array([2, 0]),
    least=np.array([1.0, 0.0], np.float32),
    most=np.array([1e30, 2.0], np.float32),
    scale=np.array([1.0, 0.5], np.float32),
)


def published():
    return cuts_of(settings_files.raw("classifiers", "rules")["settings"]["cuts"])


def test_the_logit_is_the_number_of_failed_cuts_and_the_mean_of_the_margins():
    rows = np.array([[1.0, 9.0, 2.0], [1.0, 9.0, 0.0], [3.0, 9.0, 0.0]], np.float32)
    # margins: 1 and 1 with scales 1 and 0.5, hence 1/2 and 2/3 of the way; -1 and 1; -1 and -1
    inside = [(0.75 + 5 / 6) / 2, (0.25 + 5 / 6) / 2, (0.25 + 1 / 6) / 2]
    assert CUTS.logits(rows) == pytest.approx([inside[0], inside[1] - 1, inside[2] - 2], rel=1e-6)
    assert CUTS.passed(rows).tolist() == [[True, True], [False, True], [False, False]]


def test_a_logit_is_above_0_if_and_only_if_all_cuts_are_passed():
    rows = np.random.default_rng(0).normal(0.8, 1.0, (4000, 3)).astype(np.float32)
    rows[:2] = [[0.0, 0.0, 1.0], [2.0, 0.0, 1.0]]  # on the bounds, which pass
    everything = CUTS.passed(rows).all(axis=1)
    assert 100 < everything.sum() < 3000
    assert ((CUTS.logits(rows) > 0) == everything).all()
    assert everything[:2].all()


def test_more_margin_never_lowers_the_logit():
    rows = np.zeros((400, 3), np.float32)
    rows[:, 2] = np.linspace(-1e6, 1e6, 400)
    assert (np.diff(CUTS.logits(rows)) >= 0).all()


def test_the_graph_gives_the_same_logits():
    rows = np.random.default_rng(1).normal(0.8, 3.0, (500, 3)).astype(np.float32)
    rows[0], rows[1] = 1e6, -1e6
    session = onnxruntime.InferenceSession(cuts_graph(CUTS, 3).SerializeToString())
    (found,) = session.run(None, {"features": rows})
    assert found.shape == (500, 1)
    assert found[:, 0] == pytest.approx(CUTS.logits(rows), abs=2e-6)


def test_nothing_is_learned():
    model = RuleCuts(CUTS)
    rows = np.zeros((2, 3), np.float32)
    before = model.logits(rows)
    assert (model.fit(rows, np.array([1, 0])).logits(rows) == before).all()


def test_the_published_cuts_are_sound_and_name_measured_features():
    cuts, faults = published()
    assert faults == []
    assert len(cuts) >= 6
    assert {cut.feature for cut in cuts.values()} <= set(feature_names())


def star(size=41, flux=600.0, dipole=False, sharp=False):
    """Return a triplet of a new star, of a shifted one, or of a cosmic ray, over noise of 1."""
    rng = np.random.default_rng(5)
    yy, xx = np.mgrid[:size, :size] - size // 2

    def spread(x, y):
        return np.exp(-0.5 * ((xx - x) ** 2 + (yy - y) ** 2) / 1.1**2) / (2 * np.pi * 1.1**2)

    field = 4000 * spread(13, -9)
    science, template = field + rng.normal(0, 1, (size, size)), field + rng.normal(0, 1, (size, size))
    if dipole:
        science, template = science + 6000 * spread(0.25, 0), template + 6000 * spread(-0.25, 0)
    elif sharp:
        science[size // 2, size // 2] += flux
    else:
        science = science + flux * spread(0, 0)
    return np.stack([science, template, science - template], axis=-1).astype(np.float32)


def test_a_star_passes_all_published_cuts_and_artefacts_do_not():
    cuts = FeatureCuts.of(published()[0])
    gone = star()
    gone[19, 19] = np.nan
    rows = np.stack([star(), star(dipole=True), star(sharp=True), gone, star(flux=5.0)])
    features = physical_features(rows)
    failed = [{name for name, ok in zip(cuts.names, row, strict=True) if not ok} for row in cuts.passed(features)]
    assert failed[0] == set()
    assert {"residual"} <= failed[1]
    assert {"cosmic_ray"} <= failed[2]
    assert failed[3] == {"missing_pixels"}
    assert {"signal"} <= failed[4]
    assert (cuts.logits(features)[1:] < 0).all()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"feature": "star_gian", "most": 1}, "unknown feature 'star_gian' (did you mean star_gain"),
        ({"feature": "star_gain"}, "neither least nor most is stated"),
        ({"feature": "star_gain", "least": 2, "most": 1}, "least is 2 and most is 1"),
        ({"feature": "star_gain", "most": 1, "scale": 0}, "scale is 0; allowed: above 0"),
        ({"feature": "star_gain", "mots": 1}, "unknown key 'mots'"),
    ],
)
def test_a_wrong_cut_is_refused_with_its_name(keys, said):
    cuts, faults = cuts_of({"good": {"feature": "star_gain", "most": 1}, "bad": keys})
    assert list(cuts) == ["good"]
    assert said in "; ".join(faults)
    assert "cuts.bad" in faults[0]


def test_an_unknown_feature_is_named_with_the_known():
    with pytest.raises(SettingsError, match=r"known: .*bright_fit_snr.*star_gain"):
        FeatureCut(feature="seeing", most=1)


def test_a_recipe_states_every_wrong_cut_and_refuses_metadata():
    recipe = {"classifier": "rules", "settings": {"cuts": {"x": {"feature": "nothing_like_it", "most": 1}}}}
    with pytest.raises(SettingsError, match=r"cuts\.x.*unknown feature 'nothing_like_it'"):
        load(recipe, "mine")
    with pytest.raises(SettingsError, match="'cuts' is None"):
        load({"classifier": "rules"}, "mine")
    sound = {**recipe, "settings": {"cuts": {"x": {"feature": "star_gain", "most": 1}}}}
    with pytest.raises(SettingsError, match="rules learns nothing and takes none"):
        load({**sound, "metadata": {"columns": ["fwhm_pixel"]}}, "mine")
