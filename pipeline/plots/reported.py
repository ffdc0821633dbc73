"""What the data of every kind of report have.

Tested by tests/pipeline/report/test_build.py.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol

import pandas as pd

from pipeline.datasets.leakage import Separation
from pipeline.recipes.report import ReportRecipe


class Reported(Protocol):
    """What data of any kind of report have.

    Attributes
    ----------
    kind : str
        What they are reported as: a name in `pipeline.report.REPORT_KINDS`.
    """

    kind: ClassVar[str]

    @property
    def title(self) -> str:
        """The heading."""

    @property
    def survey(self) -> str:
        """The survey's name."""

    @property
    def scores(self) -> Mapping[str, pd.DataFrame]:
        """The rows of each model, the judged one first."""

    @property
    def classifier(self) -> str:
        """Name of the judged model."""

    @property
    def part(self) -> str:
        """Name of the part that all models are judged on."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Caveats of the labels, one sentence each."""

    @property
    def learned(self) -> Mapping[str, Mapping[str, int]]:
        """Numbers of rows that were left out because a model learned from them, by model and part."""

    @property
    def unknown(self) -> Mapping[str, int]:
        """Numbers of rows of which it is not known whether the model learned from them, by model."""

    @property
    def unlike(self) -> Mapping[str, Mapping[str, Mapping[str, str | float]]]:
        """How what each model scored differs from what it learned from."""

    @property
    def drawn(self) -> ReportRecipe:
        """What is shown, and how finely."""

    @property
    def separations(self) -> Sequence[Separation | None]:
        """How each data set of the judged rows kept its parts apart; None if it does not say."""
