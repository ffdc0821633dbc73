import pytest

from pipeline.errors import SettingsError
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.recipes.injection import ImageSimulation, PsfRecipe
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.recipes.stamps import StampSimulation


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SplitSettings(by="moon"), "by is 'moon'; allowed: object, night"),
        (lambda: SplitSettings(test=0.6, validation=0.4), "test 0.6 and validation 0.4"),
        (lambda: SplitSettings(test=0.0), "allowed: both above 0"),
        (lambda: SplitSettings(folds=1), "folds is 1; allowed: 0"),
        (lambda: SplitSettings(folds=-2), "folds is -2"),
        (lambda: DatasetRecipe(survey="s", nights=()), "nights is empty"),
        (lambda: DatasetRecipe(survey="s", nights=("2026-01-01",), max_ratio=0.5), "max_ratio is 0.5"),
        (lambda: DatasetRecipe(survey="s", nights=("2026-01-01",), frac_true=1.5), "frac_true is 1.5; allowed: 0 to 1"),
        (
            lambda: DatasetRecipe(survey="s", nights=("2026-01-01",), frac_true=0.5, max_ratio=2.0),
            "max_ratio 2 and frac_true 0.5 both say how many rows of a class stay; allowed: one of them",
        ),
        (lambda: ImageSimulation(magnitude_min=20, magnitude_max=20), "magnitude_min 20 is not below"),
        (lambda: SimulationRecipe(), "give exactly one of 'images', 'stamps' and 'movers'"),
        (lambda: SimulationRecipe(images=ImageSimulation(), stamps=StampSimulation()), "exactly one"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(SettingsError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageSimulation(magnitude_min=-99.0), "magnitudes from -99.0 to 21.0; allowed: -30 to 50"),
        (lambda: ImageSimulation(per_exposure=-1), "per_exposure is -1"),
        (lambda: ImageSimulation(magnitudes="file"), "allowed: 'file' with a path"),
        (lambda: ImageSimulation(magnitude_file="x.csv"), "allowed: 'file' with a path"),
        (lambda: ImageSimulation(host_share=1.5), "host_share is 1.5; allowed: 0 to 1"),
        (lambda: ImageSimulation(trail_min_fwhm=9.0, trail_max_fwhm=3.0), "trail_min_fwhm is 9.0 and trail_max_fwhm"),
        (lambda: ImageSimulation(amplitude_min=0.0), "amplitude_min is 0.0"),
        (lambda: ImageSimulation(min_separation_fwhm=-1.0), "min_separation_fwhm is -1.0; allowed: at least 0"),
        (lambda: ImageSimulation(gain=0.0), "gain is 0.0; allowed: above 0"),
        (lambda: PsfRecipe(sources=()), "allowed: each of stars, file, moffat once"),
        (lambda: PsfRecipe(sources=("stars", "stars")), "allowed: each of stars, file, moffat once"),
        (lambda: PsfRecipe(sources=("file",)), "give the path of a PSF"),
        (lambda: PsfRecipe(beta=1.0), "beta is 1.0; allowed: above 1"),
        (lambda: PsfRecipe(min_stars=50), "min_stars is 50; allowed: at least 3"),
        (lambda: PsfRecipe(max_residual=0.0), "max_residual is 0.0"),
    ],
)
def test_a_simulation_into_images_that_makes_no_sense_is_refused(make, message):
    with pytest.raises(SettingsError, match=message):
        make()


@pytest.mark.parametrize(
    "key", [{"max_ratio": 2.0}, {"frac_true": 0.5}, {"unlabelled": "bogus"}, {"relabel": "new.csv"}]
)
def test_a_data_set_of_a_survey_with_a_target_has_no_key_of_classes(key):
    recipe = DatasetRecipe(survey="s", nights=("all",), **key)
    (fault,) = recipe.class_faults(("measured",))
    assert fault.startswith(next(iter(key)))
    assert "the survey has a target in their place: leave it out" in fault
    assert DatasetRecipe(survey="s", nights=("all",)).class_faults(("measured",)) == []
