"""Parameters that are numbers within a range: any other value is an error before anything runs.

Tested by tests/tasks/test_start.py.
"""

import math

import luigi

from pipeline.errors import SettingsError

MOST_REPLICATES = 1_000_000
"""Replicates of the bootstrap; a thousand are enough for an interval."""
MOST_ROWS = 1_000_000
"""Rows per forward pass; of cutouts of 63 by 63 pixels even a tenth of them fills the memory of a machine."""
MOST_SAMPLES = 100_000
"""Dropout samples a row; a hundred tell a spread to 7 %."""
MOST_SEED = 2**32 - 1
"""The largest seed that NumPy and scikit-learn take."""
MOST_PROCESSES = 1024
"""Processes or threads: more than any machine has cores, so that a typing error does not start thousands."""
MOST_SNAPSHOTS = 10_000
"""Far more snapshots of one night than anybody makes."""
MOST_FOLDS = 1000
"""Far more folds than a recipe has; each recipe states its own number."""


class WholeNumberParameter(luigi.IntParameter):
    """A whole number within a range; any other value is an error that names parameter, value and range.

    Parameters
    ----------
    least, most : int
        The smallest and the largest value that is allowed.
    description : str
        For ``--help``; the range is added.
    default : int
        What holds where nothing is stated.
    significant : bool
        Whether the value can change a result.
    """

    def __init__(self, *, least: int, most: int, description: str, default: int, significant: bool = True) -> None:
        described = f"{description} Allowed: {least} to {most}."
        super().__init__(default=default, significant=significant, description=described)
        self.least, self.most = least, most

    def parse(self, x: str) -> int:
        """Return the number that a text states."""
        try:
            return int(x)
        except ValueError:
            raise self._refused(x) from None

    def normalize(self, x: object) -> int:
        """Return the number, wherever it comes from, if it is one of the range."""
        if not isinstance(x, int) or isinstance(x, bool) or not self.least <= x <= self.most:
            raise self._refused(x)
        return x

    def _refused(self, value: object) -> SettingsError:
        return SettingsError(f"{_flag(self)} is {str(value)!r}; allowed: a whole number, {self.least} to {self.most}")


class RatioParameter(luigi.FloatParameter):
    """A number from 0 up; anything else is an error that names parameter and value."""

    def parse(self, x: str) -> float:
        """Return the number that a text states."""
        try:
            return float(x)
        except ValueError:
            raise self._refused(x) from None

    def normalize(self, x: object) -> float:
        """Return the number, wherever it comes from, if it is a ratio."""
        if not isinstance(x, int | float) or not (math.isfinite(x) and x >= 0):
            raise self._refused(x)
        return float(x)

    def _refused(self, value: object) -> SettingsError:
        return SettingsError(f"{_flag(self)} is {str(value)!r}; allowed: a number, 0 or more")


class OptionalRatioParameter(RatioParameter):
    """A number from 0 up, or None, which is the default, for nothing.

    Parameters
    ----------
    description : str
        For ``--help``.
    """

    def __init__(self, *, description: str) -> None:
        super().__init__(default=None, description=description)  # type: ignore[arg-type]

    def parse(self, x: str) -> float | None:  # type: ignore[override]
        """Return the number that a text states, None if it is empty."""
        return super().parse(x) if x else None

    def normalize(self, x: object) -> float | None:  # type: ignore[override]
        """Return the number, wherever it comes from, if it is a ratio, or None."""
        return None if x is None else super().normalize(x)

    def serialize(self, x: float | None) -> str:
        """Return the text that `parse` reads."""
        return "" if x is None else super().serialize(x)


def _flag(parameter: WholeNumberParameter | RatioParameter) -> str:
    """Return a parameter as the command line has it."""
    return f"--{str(parameter._attribute_name).replace('_', '-')}"


def seed_parameter() -> WholeNumberParameter:
    """Return the parameter of a training's seed, which the libraries take as an unsigned number of 32 bits."""
    return WholeNumberParameter(
        default=1, least=0, most=MOST_SEED, description="Seed of training: weights, augmentation, order."
    )


def processes_parameter(what: str) -> WholeNumberParameter:
    """Return the parameter for how many processes do ``what`` the task does; it changes no result."""
    return WholeNumberParameter(
        default=1,
        least=0,
        most=MOST_PROCESSES,
        significant=False,
        description=f"Processes that {what}; 0: one per core.",
    )
