"""The way of an exposure through the rooms of `pipeline`, as the architecture page counts it."""

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.stages.fetch_cutouts import write_night
from pipeline.stages.night_cutouts import NightCutouts
from pipeline.stages.night_job import NightJob

ROOT = Path(__file__).resolve().parents[2]
NIGHT = "2026-01-05"
CARRIERS = {"Batch", "Cutouts", "ExposureFiles", "Targets"}
SENTENCE = re.compile(r"at most (\d+) rooms in at most\s(\d+) stays")


def is_of_the_exposure(value):
    """Tell whether a value is the exposure's row, its files, its candidates, or pixels of it."""
    if isinstance(value, pd.DataFrame):
        return bool({"candidate_id", "exposure_id"} & set(value))
    if isinstance(value, np.ndarray):
        return value.ndim >= 2
    if isinstance(value, tuple):
        return any(map(is_of_the_exposure, value[:3]))
    return type(value).__name__ in CARRIERS or (isinstance(value, dict) and "exposure_id" in value)


def stays_of(function):
    """Return the rooms of the functions that get or give something of the exposure, by their first call.

    A room appears once for each time that it is entered from another one.
    """
    order, concerned = {}, set()

    def see(frame, event, result):
        code = frame.f_code
        path = Path(code.co_filename)
        if not path.is_relative_to(ROOT / "pipeline") or code.co_name.startswith("<"):
            return
        order.setdefault(code, path.parent.relative_to(ROOT / "pipeline").as_posix())
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        values = [frame.f_locals.get(name) for name in names] if event == "call" else [result]
        if event in ("call", "return") and any(map(is_of_the_exposure, values)):
            concerned.add(code)

    sys.setprofile(see)
    try:
        function()
    finally:
        sys.setprofile(None)
    rooms = [room for code, room in order.items() if code in concerned]
    return [room for number, room in enumerate(rooms) if number == 0 or room != rooms[number - 1]]


def test_an_exposure_passes_through_no_more_rooms_than_the_page_says(database_survey, place_candidates, tmp_path):
    candidates = place_candidates({"c1": ("e1", 10, 12), "c2": ("e1", 20, 8)})
    survey = database_survey(candidates, ("e1",), labels=[{"provider": "list", "table": "eyeballs"}])
    job = NightJob(survey=survey, name="toy", night=NIGHT, manifest=survey.freeze(NIGHT))
    write_night(tmp_path / "first.h5", NightCutouts(job))  # imports and caches are no part of the way
    night = NightCutouts(job)
    stays = stays_of(lambda: write_night(tmp_path / "c.h5", night))
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rooms, most = map(int, SENTENCE.search(page).groups())
    assert {"stages", "surveys/exposures", "cutouts", "labels", "io/results"} <= set(stays)
    assert len(set(stays)) <= rooms, stays
    assert len(stays) <= most, stays
