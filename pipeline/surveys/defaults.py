"""What a survey trains and compares with where a command names nothing: stated in its file, or by its kind.

Tested by tests/pipeline/surveys/test_settings.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

NO_BASELINE: Final = "none"
"""``baseline`` of a survey, or of a report, that compares with no other classifier."""

_BASELINES: Final[Mapping[str, str]] = {"cutouts": "boosting", "images": NO_BASELINE, "table": "table_boosting"}
"""What a report compares with where a survey does not say, by its kind: features are measured of cutouts alone."""

_CLASSIFIERS: Final[Mapping[str, str]] = {"cutouts": "default", "images": "galaxy_cnn", "table": "mlp_4most"}
"""What is trained where a survey does not say, by its kind."""

_REGRESSOR: Final = "mixture_density"
"""The same of a survey with a target."""

_BASELINE_OF_TARGET: Final = "quantile_boosting"
"""The same of a survey with a target: a regressor."""


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """The recipes that a command uses when you name none.

    Attributes
    ----------
    dataset : str
        Data-set recipe.
    classifier : str
        Classifier recipe; of a survey with a target, regressor recipe. Empty: ``default`` of cutouts, ``galaxy_cnn`` of
        images, ``mlp_4most`` of a table, ``mixture_density`` of one with a target.
    baseline : str
        Classifier, or regressor, that every report compares with; ``none``: no other. Empty: ``boosting`` of cutouts,
        ``table_boosting`` of a table, ``quantile_boosting`` of one with a target, no other of images.
    rules : str
        Recipe of the classifier ``rules``, with whose cuts every report of real and bogus compares; ``none``: with
        none. Empty: ``rules``, if there is such a file.
    simulation : str
        Simulation recipe.
    night : str
        A night, for your own notes; no task reads it.
    """

    dataset: str
    classifier: str = ""
    baseline: str = ""
    rules: str = ""
    simulation: str = "none"
    night: str = ""

    def trained(self, kind: str, *, has_target: bool) -> str:
        """Return the classifier, or regressor, that is trained: the stated one, else that of the survey's kind.

        Parameters
        ----------
        kind : {"cutouts", "images", "table"}
            Of the survey.
        has_target : bool
            Whether its rows have a number to predict, and no classes.
        """
        return self.classifier or (_REGRESSOR if has_target else _CLASSIFIERS[kind])

    def compared(self, kind: str, *, has_target: bool) -> str:
        """Return what every report compares with: the stated one, else that of the survey's kind; as `trained`."""
        return self.baseline or (_BASELINE_OF_TARGET if has_target else _BASELINES[kind])
