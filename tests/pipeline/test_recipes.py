import pytest

from pipeline.errors import SettingsError
from pipeline.recipes import DatasetRecipe, ImageSimulation, SimulationRecipe, SplitSettings, StampSimulation


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
        (lambda: ImageSimulation(magnitude_min=20, magnitude_max=20), "magnitude_min 20 is not below"),
        (lambda: SimulationRecipe(), "give exactly one of 'images' and 'stamps'"),
        (lambda: SimulationRecipe(images=ImageSimulation(), stamps=StampSimulation()), "exactly one"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(SettingsError, match=message):
        make()
