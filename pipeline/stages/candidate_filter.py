"""Which candidates are kept by their scores: the threshold that a user or a package states; light to import.

Tested by tests/integration/test_filter_candidates.py.
"""

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.io.packages.package_content import read_package


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What is kept.

    Attributes
    ----------
    threshold : float
        Lowest score that is kept, 0 to 1.
    said_by : str
        Who says so: the rule of the package, or ``given``.
    exposure : str
        The only exposure whose candidates count; empty: all.
    radius_arcsec : float, in arcsec
        How far a candidate of a list without ids may lie from the scored one.
    package : str
        Name of the package whose threshold it is; scores that state another one are refused. Empty: any.
    """

    threshold: float
    said_by: str
    exposure: str = ""
    radius_arcsec: float = 1.0
    package: str = ""


def threshold_of(package: Path) -> tuple[float, str, str]:
    """Return the threshold of a package, the rule that chose it, and the package's name.

    Raises
    ------
    InputError
        If it has none, as those of more than two classes.
    """
    values = read_package(package).values
    thresholds, rule = values.get("thresholds"), str(values.get("threshold_rule", ""))
    if not isinstance(thresholds, dict) or rule not in thresholds:
        raise InputError(f"{package} has no threshold; allowed: a package of two classes, or --threshold")
    return float(thresholds[rule]), rule, str(values.get("name", ""))
