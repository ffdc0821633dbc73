"""The known class and the signal to noise of the candidates that people judged, from the cutout files of their nights.

Tested by tests/commands/test_session_report.py.
"""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from pipeline.io.results.cutout_file import open_cutouts

log = logging.getLogger(__name__)
COLUMNS: Final = ("candidate_id", "label", "snr")


def newest_cutouts(data: Path, survey: str, nights: Iterable[str]) -> list[Path]:
    """Return the newest cutout file of each night that has one.

    Parameters
    ----------
    data : Path
        Folder of all results.
    survey : str
        Name of the survey.
    nights : iterable of str
        The nights; an empty name, or one without a file, is left out.
    """
    found = []
    for night in sorted({name for name in nights if name and "/" not in name}):
        files = (data / survey / "all" / night).glob("FetchCutouts-*.h5")
        found += sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))[-1:]
    return found


def judged_rows(files: Sequence[Path], ids: Iterable[str]) -> pd.DataFrame:
    """Return ``candidate_id label snr`` of the candidates that files know, each once.

    Parameters
    ----------
    files : sequence of Path
        Cutout files or data sets; of a candidate in several, the first counts.
    ids : iterable of str
        The candidates.
    """
    wanted, parts = set(ids), [pd.DataFrame({name: [] for name in COLUMNS}).astype({"candidate_id": "str"})]
    for file in files:
        with open_cutouts(file) as rows:
            table = rows.candidates(columns=COLUMNS)
        parts.append(table[table["candidate_id"].isin(wanted)])
    found = pd.concat(parts, ignore_index=True).drop_duplicates("candidate_id")
    if len(found) < len(wanted):
        log.info("of %d of %d judged candidates neither class nor SNR is known", len(wanted) - len(found), len(wanted))
    return found
