"""What a report shows: one file of ``config/reports``.

Tested by tests/pipeline/recipes/test_report.py.
"""

from dataclasses import dataclass, fields

from pipeline.errors import SettingsError

_COUNTS = {
    "histogram_bins": (2, 1000),
    "reliability_bins": (2, 100),
    "night_bins": (2, 200),
    "stratum_bins": (2, 20),
    "scan_steps": (11, 10_001),
    "examples": (1, 64),
}
"""The least and the most of each whole number."""


@dataclass(frozen=True, kw_only=True)
class ReportRecipe:
    """What a report shows, and how finely.

    All keys hold for reports of real and bogus; those of other classes and of values take ``title``,
    ``panel_label``, ``plots`` and ``interval_level``.

    Attributes
    ----------
    title : str
        The heading; empty: survey and classifier.
    panel_label : str
        A word or two at the top right of every figure; empty: none.
    plots : tuple of str
        Names of the figures, in the order of the page; empty: all of the report's kind.
    columns : tuple of str
        Columns of the rows, such as ``fwhm_pixel``, of which a figure shows histograms by class.
    gate : str
        Name of a file of ``config/gates`` whose rules say whether the classifier may go live; empty: nobody asks.
    interval_level : float
        Probability that intervals are meant to cover, above 0 and below 1.
    threshold : float
        The score from which a model that states no threshold calls a candidate real.
    guides : tuple of float
        False positive and missed detection rates that figures mark and for which the page states thresholds, each
        above 0 and below 1, ascending.
    histogram_bins : int
        Bins of the histograms of scores, 2 to 1000.
    reliability_bins : int
        Bins of the score in the figure of calibration, 2 to 100.
    night_bins : int
        Bins of the score in the figure of nights, 2 to 200.
    stratum_bins : int
        Strata of a number, such as the magnitude, with about equal numbers of rows, 2 to 20.
    scan_steps : int
        Thresholds, evenly spaced, in figures of all thresholds, 11 to 10001.
    examples : int
        Cutouts of each kind in galleries, 1 to 64.
    """

    title: str = ""
    panel_label: str = ""
    plots: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    gate: str = ""
    interval_level: float = 0.68
    threshold: float = 0.5
    guides: tuple[float, ...] = (0.01, 0.05)
    histogram_bins: int = 40
    reliability_bins: int = 10
    night_bins: int = 25
    stratum_bins: int = 5
    scan_steps: int = 201
    examples: int = 8

    def __post_init__(self) -> None:
        if not 0.0 < self.interval_level < 1.0:
            raise SettingsError(f"'interval_level' is {self.interval_level:g}; allowed: above 0 and below 1")
        if not self.guides or any(not 0.0 < rate < 1.0 for rate in self.guides):
            raise SettingsError(f"'guides' is {list(self.guides)}; allowed: rates above 0 and below 1, at least one")
        if list(self.guides) != sorted(set(self.guides)):
            raise SettingsError(f"'guides' is {list(self.guides)}; allowed: ascending rates, none twice")
        for name, (least, most) in _COUNTS.items():
            if not least <= getattr(self, name) <= most:
                raise SettingsError(f"'{name}' is {getattr(self, name)}; allowed: {least} to {most}")
        twice = sorted({name for name in self.plots if self.plots.count(name) > 1})
        if twice:
            raise SettingsError(f"'plots' names {twice[0]!r} twice; allowed: each figure once")

    def stated(self) -> dict[str, object]:
        """Return the keys that are not at their defaults, which make a report another one."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            field.name: list(value) if isinstance(value := given[field.name], tuple) else value
            for field in fields(self)
            if given[field.name] != field.default
        }
