"""Regressor recipes: the parsed content of one file of ``config/regressors``.

Tested by tests/models/recipes/test_regressor.py.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.regressors.base import REGRESSORS
from pipeline.errors import SettingsError, UnknownNameError

MOST_BINS: Final = 2000
"""Bins of a distribution: each is a column of the scores file."""


@dataclass(frozen=True, kw_only=True)
class RegressorRecipe:
    """What predicts the target of a table, and how it is calibrated; every key of a regressor file.

    Attributes
    ----------
    regressor : str
        ``mixture_density``, ``quantile_boosting`` or ``forest``; see docs/photoz.md.
    settings : mapping of str to float
        Arguments of that regressor (members, trees ...); what is not named has its default.
    lowest, highest : float
        Ends of the bins of the distributions, in the unit of the target; all targets must lie between them.
    bins : int
        How many bins, 1 to 2000.
    recalibration_knots : int
        Inner knots of the map that makes PIT values of validation rows uniform, at most; 20 rows are needed for each. 0
        for none.
    miscoverage : float
        Share of rows whose target may lie outside the interval ``low`` to ``high``, above 0 and below 1.
    required_features : tuple of str
        Features that must not be missing for a row to be scored; empty: any one is enough.
    threads : int
        Cores of the training, which is repeatable at a stated count only; at least 1.
    """

    regressor: str
    settings: Mapping[str, float] = field(default_factory=dict)
    lowest: float
    highest: float
    bins: int = 200
    recalibration_knots: int = 20
    miscoverage: float = 0.1
    required_features: tuple[str, ...] = ()
    threads: int = 1

    def __post_init__(self) -> None:
        faults = [*self._faults_of_numbers(), *self._faults_of_regressor()]
        if faults:
            raise SettingsError("; ".join(faults))

    def _faults_of_numbers(self) -> list[str]:
        faults = []
        if not self.lowest < self.highest:
            faults.append(f"lowest is {self.lowest:g}, highest {self.highest:g}; allowed: the first below the second")
        for name, least, most in (("bins", 1, MOST_BINS), ("recalibration_knots", 0, 1000), ("threads", 1, 1024)):
            if not least <= getattr(self, name) <= most:
                faults.append(f"{name} is {getattr(self, name)}; allowed: {least} to {most}")
        if not 0 < self.miscoverage < 1:
            faults.append(f"miscoverage is {self.miscoverage:g}; allowed: above 0 and below 1")
        return faults

    def _faults_of_regressor(self) -> list[str]:
        if self.regressor not in REGRESSORS:
            return [str(UnknownNameError("regressor", self.regressor, REGRESSORS))]
        if not REGRESSORS.metadata(self.regressor)["in_graph"]:
            able = [name for name in REGRESSORS if REGRESSORS.metadata(name)["in_graph"]]
            return [
                f"regressor is {self.regressor!r}, which no ONNX graph can hold, so that no package can be made of it; "
                f"allowed: {', '.join(able)}"
            ]
        known = self._arguments()
        faults = [str(UnknownNameError(f"setting of {self.regressor}", name, known)) for name in self.settings
                  if name not in known]  # fmt: skip
        for name in known.keys() & self.settings.keys():
            value, default = self.settings[name], known[name]
            whole = isinstance(default, int)
            if not value >= int(whole) or (whole and value != int(value)):
                wanted = "a whole number, at least 1" if whole else "a number, at least 0"
                faults.append(f"settings.{name} is {value:g}; allowed: {wanted}")
        return faults

    def _arguments(self) -> dict[str, object]:
        """Return the arguments of the regressor with their defaults; the number of threads has a key of its own."""
        stated = inspect.signature(REGRESSORS[self.regressor]).parameters.values()
        return {one.name: one.default for one in stated if one.kind == one.KEYWORD_ONLY and one.name != "threads"}

    @property
    def arguments(self) -> dict[str, float]:
        """The arguments of the regressor as it takes them."""
        known = self._arguments()
        given = {name: int(value) if isinstance(known[name], int) else value for name, value in self.settings.items()}
        has_threads = "threads" in inspect.signature(REGRESSORS[self.regressor]).parameters
        return given | ({"threads": self.threads} if has_threads else {})

    @property
    def edges(self) -> NDArray[np.float64]:
        """Edges of the bins, ``(bins + 1,)``."""
        return np.linspace(self.lowest, self.highest, self.bins + 1)
