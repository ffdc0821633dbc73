"""Scores files that a user names for a report, with what may have made them and the rows that they score.

Tested by tests/integration/test_given_files.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline.io.files.digests import file_digest
from pipeline.io.packages.package_content import read_package


@dataclass(frozen=True, kw_only=True)
class GivenScores:
    """Scores files, and what belongs to them; light to import, for planning asks it.

    Attributes
    ----------
    scores : sequence of Path
        The scores files; none where a report is of trained classifiers.
    stated_rows : sequence of Path
        Cutout files or data sets with their candidates, as the user says.
    packages : sequence of Path
        Packages that made them, as the user says.
    data : Path
        The folder of results, where rows and packages that the scores name are looked for.
    """

    scores: Sequence[Path]
    stated_rows: Sequence[Path]
    packages: Sequence[Path]
    data: Path

    @cached_property
    def files(self) -> dict[str, Path]:
        """The scores files by name.

        Raises
        ------
        InputError
            If two are of one name.
        """
        if not self.scores:
            return {}
        from pipeline.io.results.scores_file import files_by_name

        return files_by_name(self.scores)

    @cached_property
    def found_packages(self) -> list[Path]:
        """Packages that the scores name as what made them: of the folder of results, or that come with Nightsift."""
        from pipeline.io.packages.named_packages import shipped_folders
        from pipeline.io.packages.training_ids import package_folders, packages_called
        from pipeline.io.results.scores_file import models_of_scores

        names = {name for path in self.scores for name in models_of_scores(path)}
        return packages_called(names, [*package_folders(self.data), *shipped_folders()])

    @cached_property
    def package_digests(self) -> list[str]:
        """What tells the packages apart that may have made the scores, for they decide which rows are left out."""
        stated = [read_package(folder).digests["package.json"] for folder in self.packages]
        return sorted({*stated, *(file_digest(folder / "package.json") for folder in self.found_packages)})

    @cached_property
    def rows(self) -> list[Path]:
        """The files with the candidates: those that the user states, else those that the scores name."""
        from pipeline.io.results.scores_file import rows_of_scores

        named = [rows_of_scores(path, self.data) for path in self.scores]
        return list(self.stated_rows) or list(dict.fromkeys(path for path in named if path))
