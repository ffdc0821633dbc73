"""The default survey: a small synthetic one, made on disk.

Tested by tests/integration/test_golden_results.py.
"""

from pathlib import Path
from typing import ClassVar

from pipeline.errors import SettingsError
from tasks.base import ALL_RELEASES
from tasks.numbers import processes_parameter
from tasks.parameters import SurveyTask


class MakeSyntheticSurvey(SurveyTask):
    """Render a synthetic sky, subtract, detect, and write images and database as a survey would."""

    processes = processes_parameter("make exposures")
    suffix: ClassVar[str] = ""
    revision: ClassVar[int] = 4

    def folder(self) -> tuple[str, str, str]:
        """Return survey, no release, no night."""
        return self.survey, ALL_RELEASES, "survey"

    def decides(self) -> dict[str, object]:
        """The sky, its seed, the site."""
        content = self.survey_content()
        return {"input": content.get("input"), "longitude_deg": content.get("longitude_deg")}

    def build(self, path: Path) -> None:
        """Make the survey's files in ``path``."""
        adapter = self.adapter(processes=self.processes)
        if not hasattr(adapter, "make"):
            raise SettingsError(f"surveys/{self.survey}.yaml: source {self.settings.source!r} makes no survey")
        adapter.make(path, lambda done, total: self.progress(100 * done / total, f"exposure {done} of {total}"))
