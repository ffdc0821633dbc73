"""The verdicts that people gave on candidates of a survey, from its own file or database.

Tested by tests/integration/test_snapshot_labels.py.
"""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import MissingInputError
from pipeline.io.verdicts import open_store, read
from pipeline.io.verdicts.store import PLACE
from pipeline.path_names import require_path_name
from pipeline.surveys.settings import SurveySettings

if TYPE_CHECKING:
    import pandas as pd


def survey_verdicts(survey: str, settings: SurveySettings, data: Path) -> "pd.DataFrame":
    """Return all verdicts on candidates of a survey, the oldest first.

    Parameters
    ----------
    survey : str
        Name of the survey.
    settings : SurveySettings
        Its settings, which may name a database for verdicts.
    data : Path
        Folder of all results.

    Raises
    ------
    MissingInputError
        If nobody has judged a candidate of the survey yet.
    """
    file = data / require_path_name(survey, "survey") / PLACE
    if settings.verdicts is None and not file.is_file():
        raise MissingInputError(f"nobody has judged candidates of {survey!r} yet: there is no {file}")
    with closing(open_store(survey, settings.verdicts, data=data, class_names=settings.class_names)) as store:
        return read(store, survey=survey)
