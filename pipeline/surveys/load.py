"""Opening a survey: its settings, the adapter that its ``source`` names, and that adapter's own input."""

from pathlib import Path

from pipeline.settings import parse
from pipeline.surveys.base import SURVEYS, AnySource
from pipeline.surveys.settings import SurveySettings


def open_survey(settings: SurveySettings, name: str, folder: Path | None = None, *, workers: int = 1) -> AnySource:
    """Return the adapter of a survey.

    Parameters
    ----------
    settings : SurveySettings
        The survey's settings.
    name : str
        Its name, for messages.
    folder : Path, optional
        Where a task made the survey's files; else the settings say where they are.
    workers : int
        Processes that read exposures; 0: one per core. Sources without images do not need them.
    """
    adapter = SURVEYS[settings.source]
    survey_input = parse(SURVEYS.metadata(settings.source)["settings"], settings.input, f"surveys/{name}.yaml: input")
    opened = adapter(settings, survey_input, folder)
    opened.workers = workers
    return opened
