"""The files that a simulation recipe names are found, so that what they hold can decide."""

import pytest

from pipeline.recipes.injection import HostCatalogue, ImageSimulation, PsfRecipe
from pipeline.recipes.movers import MoverSimulation
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.recipes.stamps import StampSimulation
from pipeline.stages.simulation_files import simulation_files


def found(tmp_path, folder=None, **images):
    recipe = SimulationRecipe(images=ImageSimulation(**images))
    return simulation_files(recipe, "2026-01-05", folder or tmp_path)


def test_catalogues_and_lists_are_named(tmp_path):
    hosts, listed = str(tmp_path / "hosts.csv"), str(tmp_path / "mag.csv")
    named = found(tmp_path, hosts=HostCatalogue(file=hosts), magnitudes="file", magnitude_file=listed)
    assert {name: str(path) for name, path in named.items()} == {hosts: hosts, listed: listed}
    movers = MoverSimulation(hosts=HostCatalogue(file=hosts, magnitude="B"))
    assert list(simulation_files(SimulationRecipe(movers=movers), "2026-01-05", None)) == [hosts]


@pytest.mark.parametrize("absolute", [True, False])
def test_psf_files_of_the_night_are_found_and_only_where_they_are_asked_for(tmp_path, absolute):
    for night in ("2026-01-05", "2026-01-06"):
        (tmp_path / night).mkdir()
        for name in ("e1", "e2"):
            (tmp_path / night / f"{name}.psf").touch()
    pattern = "{night}/{exposure_id}.psf"
    pattern = f"{tmp_path}/{pattern}" if absolute else pattern
    named = found(tmp_path, psf=PsfRecipe(sources=("file", "moffat"), file=pattern))
    assert sorted(path.relative_to(tmp_path).as_posix() for path in named.values()) == [
        "2026-01-05/e1.psf",
        "2026-01-05/e2.psf",
    ]
    assert found(tmp_path, psf=PsfRecipe(file=pattern)) == {}


def test_a_recipe_of_stamps_names_none():
    assert simulation_files(SimulationRecipe(stamps=StampSimulation()), "2026-01-05", None) == {}
