import numpy as np
import pytest

from pipeline.cutouts.missing import Flag
from pipeline.errors import SettingsError
from pipeline.io.results.content import content_sha256
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.schema import CANDIDATE_COLUMNS, TRUTH_COLUMNS
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.recipes.stamps import StampInjection, StampSimulation
from pipeline.stages.night_job import NightJob
from pipeline.stages.simulate_stamps import simulate_stamps


def simulate(path, cutouts, seed=1, **settings):
    recipe = SimulationRecipe(seed=seed, stamps=StampSimulation(**settings))
    job = NightJob(survey=None, name="toy", night="2026-01-05", manifest={})
    simulate_stamps(path, job, recipe=recipe, cutouts=cutouts)
    return path


@pytest.fixture
def stamps(make_rows, make_cutouts, tmp_path):
    """Ten triplets of noise: one real without a template, seven real, one bogus, one unlabelled."""
    rng = np.random.default_rng(3)
    pixels = rng.normal(0, 1, (10, 21, 21, 3)) + np.array([100.0, 100.0, 0.0])
    pixels[..., 2] = pixels[..., 0] - pixels[..., 1]
    flags, label = [int(Flag.NO_TEMPLATE)] + [0] * 9, [1] * 8 + [0, -1]
    rows = make_rows("abcdefghij", flags=flags, night=["2026-01-05"] * 10, label=label)
    return make_cutouts(tmp_path / "c.h5", rows, size=21, pixels=pixels)


def test_made_rows_say_what_they_are_and_stay_with_their_parent(stamps, tmp_path):
    with open_cutouts(simulate(tmp_path / "s.h5", stamps, reals_per_cutout=1.0, bogus_per_cutout=2.0)) as file:
        rows, truth = file.candidates(), file.table("truth")
        assert len(file) == 21
        assert np.isfinite(file.pixels()).mean() > 0.5
        assert "into stamps, not into images" in file.text("simulation")
    assert set(rows) == set(CANDIDATE_COLUMNS)
    assert set(truth) == set(TRUTH_COLUMNS)
    assert rows.groupby("label_source")["label"].unique().map(list).to_dict() == {"injected": [1], "self_made": [0]}
    assert rows["candidate_id"].is_unique
    parents = rows["candidate_id"].str[0]
    assert (rows["group_id"] == "o" + parents).all()
    assert set(parents) <= set("bcdefgh")
    assert truth["candidate_id"].tolist() == rows["candidate_id"][rows["label"] == 1].tolist()


def test_the_recipe_sets_the_artefacts(stamps, tmp_path):
    own = {"trail": {"snr": (900.0, 1000.0)}}
    path = simulate(
        tmp_path / "s.h5", stamps, reals_per_cutout=0.0, bogus_per_cutout=2.0, mixture={"trail": 1.0}, artefacts=own
    )
    with open_cutouts(path) as file:
        assert set(file.candidates()["kind"]) == {"trail"}
        assert (np.nanmax(np.abs(file.pixels()[..., 2]), axis=(1, 2)) > 300).all()


def test_the_recipe_sets_what_is_injected(stamps, tmp_path):
    own = StampInjection(snr=(300.0, 400.0), negative_share=1.0, in_place_share=1.0, host_share=0.0)
    path = simulate(tmp_path / "s.h5", stamps, reals_per_cutout=5.0, bogus_per_cutout=0.0, reals=own)
    with open_cutouts(path) as file:
        rows, truth, pixels = file.candidates(), file.table("truth"), file.pixels()
    assert len(rows) == 35
    assert rows["snr"].between(300, 400).all()
    assert set(rows["flux_sign"]) == {-1}
    assert set(truth["kind"]) == {"injected_random"}
    assert (np.nanmin(pixels[..., 2], axis=(1, 2)) < -50).all()


def test_a_wrong_setting_of_an_artefact_stops_before_anything_is_written(stamps, tmp_path):
    with pytest.raises(SettingsError, match=r"stamps.artefacts.trail: unknown key 'width'"):
        simulate(tmp_path / "s.h5", stamps, artefacts={"trail": {"width": (1.0, 2.0)}})
    assert not (tmp_path / "s.h5").exists()


def test_equal_seeds_give_equal_content_and_others_do_not(stamps, tmp_path):
    one, two, three = (
        content_sha256(simulate(tmp_path / f"{name}.h5", stamps, seed, reals_per_cutout=1.0))
        for name, seed in (("one", 1), ("two", 1), ("three", 2))
    )
    assert one == two != three


def test_nothing_asked_and_no_stamps_give_a_whole_empty_file(stamps, make_rows, make_cutouts, tmp_path):
    empty = make_cutouts(tmp_path / "e.h5", make_rows([]), size=21)
    for number, (cutouts, share) in enumerate([(stamps, 0.0), (empty, 1.0)]):
        path = simulate(tmp_path / f"{number}.h5", cutouts, reals_per_cutout=share, bogus_per_cutout=share)
        with open_cutouts(path) as file:
            assert len(file) == len(file.table("truth")) == 0


def test_stamps_that_are_no_triplets_are_refused(make_rows, make_cutouts, tmp_path):
    single = make_cutouts(tmp_path / "c.h5", make_rows("a"), channels=("difference",))
    with pytest.raises(SettingsError, match="simulation from cutouts requires science, template"):
        simulate(tmp_path / "s.h5", single)


def test_planes_of_stamps_are_used_and_kept(make_rows, make_cutouts, tmp_path):
    """Of six planes three are there, behind the images in an order of their own."""
    channels = ("science", "template", "difference", "science_psf", "difference_psf", "science_variance")
    rng, step = np.random.default_rng(3), np.arange(21) - 10
    pixels = np.zeros((4, 21, 21, 6), np.float32)
    pixels[..., :2] = rng.normal(0, 3, (4, 21, 21, 2))
    pixels[..., 2] = pixels[..., 0] - pixels[..., 1]
    pixels[..., 3:5] = np.exp(-0.5 * (step[:, None] ** 2 + step[None] ** 2) / 2.5**2)[..., None]
    pixels[..., 5] = 9 + 0.5 * pixels[..., 0]
    pixels[3, ..., 4] = np.nan
    rows = make_rows("abcd", flags=[0, 0, 0, int(Flag.PLANE_MISSING)], night=["2026-01-05"] * 4, label=[1] * 4)
    path = make_cutouts(tmp_path / "c.h5", rows, size=21, pixels=pixels, channels=channels)
    own = StampInjection(snr=(90.0, 99.0), negative_share=0.0, in_place_share=1.0, host_share=0.0, cloudy_share=0.0)
    made = simulate(tmp_path / "s.h5", path, reals_per_cutout=1.0, bogus_per_cutout=2.0, reals=own)
    with open_cutouts(made) as file:
        found, rows, header = file.pixels(), file.candidates(), file.header
    assert header.channels == channels
    parents = np.array(["abcd".index(name[0]) for name in rows["candidate_id"]])
    np.testing.assert_array_equal(found[..., 3:5], pixels[parents][..., 3:5])
    injected = (rows["label"] == 1).to_numpy()
    assert (found[injected, 10, 10, 5] > 30).all()
    assert ((rows["flags"] & int(Flag.PLANE_MISSING)) > 0).tolist() == (parents == 3).tolist()
    wide = [int((cutout > cutout.max() / 2).sum()) for cutout in found[injected, ..., 2]]
    assert [number > 20 for number in wide] == (parents[injected] != 3).tolist()
