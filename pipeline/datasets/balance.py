"""How many rows of each class are kept, so that a training sees them in a chosen proportion."""

from collections.abc import Mapping

from pipeline.classes import BOGUS, CLASS_NAMES, REAL
from pipeline.recipes.dataset import DatasetRecipe


def allowed_rows(counts: Mapping[int, int], recipe: DatasetRecipe) -> dict[int, int]:
    """Return how many rows of each class a recipe keeps.

    Parameters
    ----------
    counts : mapping of int to int
        Rows by the code of their class, 0 for a class without any.
    recipe : DatasetRecipe
        Its ``max_ratio`` bounds every class by the smallest that has rows, ``frac_true`` the two of real and bogus.

    Examples
    --------
    >>> recipe = DatasetRecipe(survey="toy", nights=("2026-01-01",), max_ratio=2.0)
    >>> allowed_rows({1: 10, 0: 50}, recipe)
    {1: 10, 0: 20}
    """
    there = {label: int(counts.get(label, 0)) for label in sorted({*counts, REAL, BOGUS}, reverse=True)}
    if recipe.frac_true is not None:
        return balanced_rows(there[REAL], there[BOGUS], recipe.frac_true)
    smaller = min(there.values()) if len(there) == len(CLASS_NAMES) else min(filter(None, there.values()), default=0)
    if not recipe.max_ratio or not smaller:
        return there
    return {label: min(number, int(recipe.max_ratio * smaller)) for label, number in there.items()}


def balanced_rows(reals: int, bogus: int, frac_true: float) -> dict[int, int]:
    """Return how many rows of each class (1 real, 0 bogus) are kept by the rule of otrain's ``frac_true``.

    With ``n`` the rows of the smaller class, at most ``floor(2 n frac_true)`` reals and
    ``floor(2 n (1 - frac_true))`` bogus stay. The numbers are those of otrain's own floating-point arithmetic,
    in which ``1 - 0.8`` is a little below 0.2: 399 bogus beside 1,000 reals, where exact fractions give 400.

    Examples
    --------
    >>> balanced_rows(1000, 5000, 0.5), balanced_rows(1000, 5000, 0.8), balanced_rows(1000, 5000, 1.0)
    ({1: 1000, 0: 1000}, {1: 1000, 0: 399}, {1: 1000, 0: 0})
    """
    both = 2 * min(reals, bogus)
    return {REAL: min(reals, int(both * frac_true)), BOGUS: min(bogus, int(both * (1 - frac_true)))}
