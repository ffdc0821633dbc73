"""The files that a report is made from, and what gathers the data of each kind of report from them.

Tested by tests/pipeline/stages/test_binary_report_data.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.plots.reported import Reported
from pipeline.recipes.report import ReportRecipe
from pipeline.registry import Registry
from pipeline.stages.packages_beside import PackageBeside
from pipeline.surveys.base import Source, StatesFolder


@dataclass(frozen=True, kw_only=True)
class ReportSources:
    """The files that a report is made from, and what is asked of it.

    Attributes
    ----------
    name, title : str
        The survey's name and the report's heading.
    scores : mapping of str to Path
        Scores files by model: first the judged classifier, then the baseline.
    rows : sequence of Path
        Cutout files or data sets with the scored candidates.
    packages : mapping of str to sequence of Path
        Each model's packages, one per fold.
    scored_by : sequence of Path
        Packages that the user names as those that made the scores; rows that they learned from are left out.
    found_packages : sequence of Path
        Packages that may have made the scores; each counts only for scores that state its name.
    beside : mapping of str to PackageBeside
        Other packages to compare with, by the names of their columns.
    references : sequence of str
        Other scores to compare with.
    simulated : sequence of Path
        Files of simulated transients whose rows are among the scored ones.
    fwhm_ratio_cuts : tuple of float
        The cuts in width of the figure of scores against magnitude.
    cuts : mapping
        Cuts on features, by name, as a recipe states them; empty: the report has no baseline of rules.
    drawn : ReportRecipe
        What is shown, and how finely.
    must_judge : bool
        Whether to refuse a report without judged rows. The report of a night without labels has none, and is allowed.
    """

    name: str
    title: str
    scores: Mapping[str, Path]
    rows: Sequence[Path]
    packages: Mapping[str, Sequence[Path]]
    scored_by: Sequence[Path] = ()
    found_packages: Sequence[Path] = ()
    beside: Mapping[str, PackageBeside] = field(default_factory=dict)
    references: Sequence[str] = ()
    simulated: Sequence[Path] = ()
    fwhm_ratio_cuts: tuple[float, float] = (0.5, 4.2)
    cuts: Mapping[str, object] = field(default_factory=dict)
    drawn: ReportRecipe = field(default_factory=ReportRecipe)
    must_judge: bool = False


Gather = Callable[[Source[StatesFolder], ReportSources, Sequence[str]], Reported]
GATHERED: Registry[Gather] = Registry(
    "kind of report",
    {
        "binary": "pipeline.stages.binary_report_data",
        "classes": "pipeline.stages.class_report_data",
        "regression": "pipeline.stages.regression_report_data",
    },
)
"""What reads the data of each kind of `pipeline.report.REPORT_KINDS`: of survey, files and names of the classes."""
