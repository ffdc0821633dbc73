"""Every kind of simulation has its key in a recipe, and every key its kind."""

from dataclasses import fields
from inspect import signature

import pytest

from pipeline.recipes.simulation import SimulationRecipe
from pipeline.stages.night_job import NightJob
from pipeline.stages.simulate_transients import SIMULATIONS, Simulation, simulate_transients


def test_a_recipe_has_a_key_for_each_kind_and_no_other():
    assert {field.name for field in fields(SimulationRecipe)} - {"seed"} == set(SIMULATIONS)


@pytest.mark.parametrize("name", SIMULATIONS)
def test_it_is_called_as_every_kind_and_described(name):
    given = [parameter for parameter in signature(Simulation.__call__).parameters if parameter != "self"]
    assert list(signature(SIMULATIONS[name]).parameters) == given
    assert SIMULATIONS.summary(name).endswith(".")


@pytest.mark.parametrize("name", SIMULATIONS)
def test_a_recipe_is_simulated_by_the_kind_that_it_gives(name, monkeypatch, tmp_path):
    assert SIMULATIONS[name]  # registered before it is replaced
    called = []
    monkeypatch.setitem(SIMULATIONS._entries, name, lambda *arguments, **options: called.append((arguments, options)))
    recipe = SimulationRecipe(**{name: object()})
    job = NightJob(survey=None, name="toy", night="2026-01-05", manifest={})
    simulate_transients(tmp_path / "s.h5", job, recipe=recipe, cutouts=tmp_path / "c.h5")
    assert called == [((tmp_path / "s.h5", job), {"recipe": recipe, "cutouts": tmp_path / "c.h5"})]
