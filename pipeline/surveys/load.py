"""Opening a survey: its settings, the adapter that its ``source`` names, and that adapter's own input."""

from pathlib import Path

from pipeline.settings import parse
from pipeline.surveys import alert_table, database, synthetic  # noqa: F401  (they register themselves)
from pipeline.surveys.base import SURVEYS, Survey
from pipeline.surveys.settings import SurveySettings


def open_survey(settings: SurveySettings, name: str, folder: Path | None = None) -> Survey:
    """Return the adapter of a survey.

    Parameters
    ----------
    settings : SurveySettings
        The survey's settings.
    name : str
        Its name, for messages.
    folder : Path, optional
        Where a task made the survey's files; else the settings say where they are.
    """
    adapter = SURVEYS[settings.source]
    given = parse(SURVEYS.metadata(settings.source)["settings"], settings.input, f"surveys/{name}.yaml: input")
    opened: Survey = adapter(settings, given, folder)
    return opened
