"""The model package of each of several surveys whose scores are joined.

Tested by tests/tasks/test_given_packages.py.
"""

from collections.abc import Sequence

from pipeline.errors import SettingsError


def package_of_each(text: str, surveys: Sequence[str]) -> dict[str, str]:
    """Return the package of each survey; empty where its own is trained.

    Parameters
    ----------
    text : str
        Packages, separated by commas: none, one for all surveys, or one for each.
    surveys : sequence of str
        Their names, in the order of the packages.

    Raises
    ------
    SettingsError
        If it is another number of packages.

    Examples
    --------
    >>> package_of_each("a, b", ["north", "south"])
    {'north': 'a', 'south': 'b'}
    >>> package_of_each("", ["north", "south"])
    {'north': '', 'south': ''}
    """
    named = [name.strip() for name in text.split(",") if name.strip()]
    if len(named) not in (0, 1, len(surveys)):
        raise SettingsError(
            f"--packages names {len(named)} packages; allowed: one for all surveys, or one for each of "
            f"{', '.join(surveys)}, in this order"
        )
    each = named if len(named) > 1 else (named or [""]) * len(surveys)
    return dict(zip(surveys, each, strict=True))
