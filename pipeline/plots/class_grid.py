"""The grid of panels of a figure that has one for each class.

Tested by tests/pipeline/plots/test_class_scores.py.
"""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.plots.class_data import ClassReportData
from pipeline.plots.style import panels

ACROSS = 4
"""The most panels beside each other."""


def class_panels(
    data: ClassReportData, *, first: int = 0, width: float = 3.1, height: float = 2.9
) -> tuple[Figure, list[Axes], dict[int, Axes]]:
    """Return a figure with ``first`` free panels and one for each shown class, which its title names.

    Parameters
    ----------
    data : ClassReportData
        Whose classes are shown.
    first : int
        How many panels come before those of the classes.
    width, height : float
        Size of each panel, in inches.

    Returns
    -------
    figure : Figure
        Belongs to no window.
    free : list of Axes
        The panels before those of the classes.
    of_class : dict of int to Axes
        The panel of each class by its index.
    """
    n = first + len(data.shown)
    columns = min(n, ACROSS)
    rows = -(-n // columns)
    figure, axes = panels(rows, columns, width=width, height=height)
    grid = list(axes.ravel())
    for spare in grid[n:]:
        spare.remove()
    of_class = dict(zip(data.shown, grid[first:n], strict=True))
    for index, panel in of_class.items():
        panel.set_title(data.class_names[index])
    return figure, grid[:first], of_class


def left_and_bottom(panels_of: list[Axes]) -> Iterator[tuple[Axes, bool, bool]]:
    """Yield each panel of a grid with whether it is in the first column and whether nothing is below it."""
    for place, panel in enumerate(panels_of):
        columns = min(len(panels_of), ACROSS)
        yield panel, place % columns == 0, place + columns >= len(panels_of)


def more_classes(data: ClassReportData) -> str:
    """Return a note on the classes that have no panel, or an empty string."""
    hidden = data.class_names[len(data.shown) :]
    return f"not shown: {', '.join(hidden)}; the numbers have them" if hidden else ""
