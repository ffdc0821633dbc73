"""Label tables that somebody corrected after a night was frozen: compared, and what was found remembered.

Tested by tests/integration/test_changed_input.py.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import NightsiftError
from pipeline.io.results.night_manifest import read_manifest
from pipeline.io.settings_files import data_folder
from pipeline.io.tables import label_states

if TYPE_CHECKING:
    from pipeline.surveys.base import Source

log = logging.getLogger(__name__)


def changed_labels(manifest: Path, night: str, open_survey: Callable[[], "Source[Any]"]) -> tuple[str, ...]:
    """Return the survey's own label tables that are no longer what a night was labelled by.

    As long as the files that hold them have the size and time that they had when they were last compared, nothing is
    read; tables of a server, which cannot be told so, are left to ``nightsift status``. Of a survey that cannot be
    opened or read now none is known to be changed.

    Parameters
    ----------
    manifest : Path
        The night's frozen input.
    night : str
        The night, an ISO date.
    open_survey : callable
        Gives the survey, where something has to be read.
    """
    store = data_folder() / label_states.NAME
    known = label_states.remembered(store, str(manifest))
    if known is not None:
        return known
    from pipeline.surveys.label_tables import changed_label_tables, label_files

    try:
        survey = open_survey()
        files = label_states.state_of(label_files(survey, night))
        changed = changed_label_tables(survey, night, read_manifest(manifest)) if files else []
    except (NightsiftError, OSError) as error:  # a folder that is not there now, for one: nothing is to be made
        log.debug("label tables of the night %s cannot be compared: %s", night, error)
        return ()
    label_states.remember(store, str(manifest), files, changed)
    return tuple(changed)
