"""Movers on galaxies of a survey's own images: real and bogus rows, their groups, layers made anew."""

import numpy as np
import pandas as pd
import pytest
from astropy.wcs import WCS
from exposure_images import HDUS, NIGHT, files, wcs_header, write

from pipeline.errors import SettingsError
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.schema import CANDIDATE_COLUMNS
from pipeline.recipes.injection import HostCatalogue
from pipeline.recipes.movers import MoverSimulation
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.stages.night_job import NightJob
from pipeline.stages.simulate_movers import simulate_movers

CHANNELS = ("science", "template", "difference", "frames_min", "frames_max", "frames_ptp")
SIDE = 80
MOVER, GALAXY, OTHER = (20.0, 20.0), (60.0, 60.0), (60.0, 20.0)


def spots(sky, *lights):
    image = np.full((SIDE, SIDE), sky, np.float32) + np.random.default_rng(int(sky)).normal(0, 0.1, (SIDE, SIDE))
    y, x = np.indices((SIDE, SIDE))
    for (x0, y0), peak in lights:
        image += peak * np.exp(-0.5 * ((x - x0) ** 2 + (y - y0) ** 2) / 0.45**2)
    return image.astype(np.float32)


class Images:
    """A survey of one exposure whose images have a WCS."""

    has_images = True

    def __init__(self, folder):
        self.folder = folder
        self.images = files(
            folder, {"hdus": HDUS, "frames": {"hdus": ["f*.fits:IMAGE"], "position": "pixel"}}, CHANNELS
        )
        self.settings = self.images.settings
        self.exposure = {"exposure_id": "e1", "night": NIGHT, "path": "e1.fits"}

    def manifest(self):
        return {"files": self.images.manifest(pd.DataFrame([self.exposure]))}

    def cutouts_at(self, night, manifest, places):
        yield self.images.cutouts_at(self.exposure, places, manifest["files"])


@pytest.fixture
def mover_images(images_folder):
    header = wcs_header()
    mover, galaxies = (MOVER, 500.0), ((GALAXY, 300.0), (OTHER, 200.0))
    hdus = {"SCIENCE": spots(200, mover, *galaxies), "TEMPLATE": spots(150, *galaxies), "DIFFERENCE": spots(0, mover)}
    write(images_folder / "e1.fits", {name: (pixels, header) for name, pixels in hdus.items()})
    for number in (1, 2, 3):
        level = 60.0 + number
        write(images_folder / f"f{number}.fits", {"IMAGE": (spots(level, (MOVER, 100.0 * number), *galaxies), header)})
    return Images(images_folder)


@pytest.fixture
def simulate(mover_images, tmp_path, make_rows, make_cutouts):
    wcs = WCS(wcs_header())

    def sky(*places):
        return wcs.pixel_to_world_values(np.array(places))

    catalogue = pd.DataFrame(sky(GALAXY, OTHER, (30.0, 60.0)), columns=["ra", "dec"])
    catalogue.assign(name=["g01", "g02", "faint"], B=[15.0, 16.0, 19.0]).to_csv(tmp_path / "glade.csv", index=False)
    place = sky(MOVER)[0]
    known = make_rows(
        ["m1", "b1", "m2"], exposure_id=["e1"] * 3, ra_deg=[place[0]] * 3, dec_deg=[place[1]] * 3,
        label=[1, 0, 1], label_source=["mover", "bogus_draw", "mover"], magnitude=[18.5, 18.0, 12.0],
        object_id=["ceres", "x", "vesta"], flux_sign=[1, 1, 1], night=[NIGHT] * 3, time_mjd=[61045.9] * 3,
    )  # fmt: skip
    make_cutouts(tmp_path / "cutouts.h5", known)
    hosts = HostCatalogue(file=str(tmp_path / "glade.csv"), ra_deg="ra", dec_deg="dec", host_id="name", magnitude="B")

    def run(name="out.h5", seed=1, **settings):
        movers = MoverSimulation(**{"hosts": hosts, "jitter_arcsec": 0.0} | settings)
        simulate_movers(
            tmp_path / name,
            NightJob(survey=mover_images, name="toy", night=NIGHT, manifest=mover_images.manifest()),
            recipe=SimulationRecipe(seed=seed, movers=movers),
            cutouts=tmp_path / "cutouts.h5",
        )
        with open_cutouts(tmp_path / name) as file:
            return file.candidates(), file.pixels(), file.table("truth")

    return run


@pytest.mark.replaces("gotorb", "G5")
def test_a_mover_on_a_galaxy_is_real_and_a_galaxy_alone_is_bogus(simulate):
    rows, pixels, truth = simulate()
    assert set(rows) == set(CANDIDATE_COLUMNS)
    assert rows["kind"].tolist() == ["injected_mover", "galaxy residual"]
    assert rows["label"].tolist() == [1, 0]
    assert rows["label_source"].tolist() == ["injected", "self_made"]
    real, residual = pixels
    assert real[2, 2, 0] == pytest.approx(200 + 500 + 300, abs=2)  # one sky, both lights
    assert real[2, 2, 1] == pytest.approx(150 + 300, abs=2)
    assert real[2, 2, 2] == pytest.approx(500, abs=2)
    assert residual[2, 2, :2] == pytest.approx([200 + 200, 150 + 200], abs=2)
    assert truth["kind"].tolist() == ["injected_mover"]
    assert truth["host_id"].tolist() == ["g01"]


@pytest.mark.replaces("gotorb", "G5")
def test_layers_are_made_of_the_summed_frames(simulate):
    real = simulate()[1][0]
    frames = [60 + number + 100 * number + 300 for number in (1, 2, 3)]
    assert real[2, 2, 3:] == pytest.approx([min(frames), max(frames), max(frames) - min(frames)], abs=3)


def test_rows_share_a_group_with_their_mover_and_with_all_else_on_their_galaxy(simulate):
    rows = simulate()[0]
    assert rows["object_id"].tolist() == ["ceres", "host~g02"]
    assert rows["group_id"].tolist() == ["host~g01", "host~g02"]


@pytest.mark.replaces("gotorb", "G5")
def test_the_jitter_is_that_of_the_seed_and_is_told(simulate):
    first, again, other = simulate("a.h5", jitter_arcsec=1.0), simulate("b.h5", jitter_arcsec=1.0), simulate(
        "c.h5", seed=2, jitter_arcsec=1.0
    )  # fmt: skip
    pd.testing.assert_frame_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert first[0]["ra_deg"][0] != other[0]["ra_deg"][0]
    offset = first[0]["host_offset_arcsec"].to_numpy()
    assert 0 < offset[0] <= 1.5
    assert 0 < offset[1] <= 0.75


def test_without_residuals_or_movers_in_range_there_are_fewer_rows_or_none(simulate):
    assert simulate("a.h5", residuals_per_mover=0.0)[0]["label"].tolist() == [1]
    assert len(simulate("b.h5", magnitude_min=19.0)[0]) == 0
    assert len(simulate("c.h5", max_host_magnitude=10.0)[0]) == 0


def test_a_survey_of_stamps_alone_is_refused(tmp_path, mover_images):
    recipe = SimulationRecipe(movers=MoverSimulation(hosts=HostCatalogue(file="x.csv", magnitude="B")))
    with pytest.raises(SettingsError, match="survey 'toy' has no images to cut movers and galaxies from"):
        job = NightJob(survey=object(), name="toy", night=NIGHT, manifest={})
        simulate_movers(tmp_path / "x.h5", job, recipe=recipe, cutouts=tmp_path / "c.h5")


def test_hosts_without_magnitudes_are_refused():
    with pytest.raises(SettingsError, match="name the catalogue's column of magnitudes"):
        MoverSimulation(hosts=HostCatalogue(file="x.csv"))
