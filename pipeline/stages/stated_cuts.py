"""Which cuts a report compares its classifiers with; light to import, for planning asks it.

Tested by tests/tasks/test_plot_results.py.
"""

from collections.abc import Mapping
from typing import Final

from pipeline.classes import are_real_and_bogus
from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.surveys.defaults import NO_BASELINE
from pipeline.surveys.settings import SurveySettings

RULES: Final = "rules"
"""The classifier of cuts, and the recipe that reports take where nobody names another."""


def stated_cuts(settings: SurveySettings, name: str = "") -> Mapping[str, object]:
    """Return the cuts of a recipe as its file states them; empty where a report compares with none.

    Parameters
    ----------
    settings : SurveySettings
        Only cutouts of real and bogus have such cuts.
    name : str
        The recipe, or ``none``; empty: that of the survey's defaults, else ``rules`` if there is such a file.

    Raises
    ------
    SettingsError
        If there is no recipe of that name, or it is of another classifier.
    """
    if settings.kind != "cutouts" or not are_real_and_bogus(settings.class_names):
        return {}
    stated = name or settings.defaults.rules
    if stated == NO_BASELINE or (not stated and RULES not in settings_files.names("classifiers")):
        return {}
    recipe = settings_files.raw("classifiers", stated or RULES)
    if recipe.get("classifier") != RULES:
        raise SettingsError(
            f"rules {stated!r} is a recipe of the classifier {recipe.get('classifier')!r}; allowed: one of {RULES!r}, "
            f"or {NO_BASELINE}"
        )
    return dict(recipe.get("settings", {}).get("cuts", {}))
