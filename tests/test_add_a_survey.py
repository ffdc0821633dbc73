"""What docs/add_a_survey.md says is so: its commands give scores, its adapter passes the conformance tests."""

import importlib.util
import inspect
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from astropy.io import fits

from pipeline.errors import SettingsError
from pipeline.io.results.commit import commit
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.scores_file import read_scores
from pipeline.settings import parse
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.base import SURVEYS
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "add_a_survey.md").read_text(encoding="utf-8")
TIMES_MJD = (61072.9, 61073.9)
SIDE, EACH = 200, 40


def blocks(kind):
    return [text for found, text in re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.M | re.S) if found == kind]


def commands():
    lines = [line for block in blocks("") for line in block.splitlines()]
    return [line for line in lines if line.startswith(("nightsift ", "luigi "))]


def write_survey(folder):
    """Write two nights with an exposure each: stars are real, single bright pixels are bogus."""
    rng = np.random.default_rng(1)
    (folder / "images").mkdir(parents=True)
    rows = []
    for number, mjd in enumerate(TIMES_MJD, start=1):
        template = rng.normal(100.0, 3.0, (SIDE, SIDE)).astype(np.float32)
        difference = rng.normal(0.0, 4.0, (SIDE, SIDE)).astype(np.float32)
        y, x = np.indices((SIDE, SIDE))
        places = [(15 + 24 * (row % 8), 15 + 24 * (row // 8)) for row in range(EACH)]
        for row, (x0, y0) in enumerate(places):
            real = row % 2 == 0
            source = np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / 8.0) if real else (x == x0) & (y == y0)
            difference += (source * rng.uniform(80, 300)).astype(np.float32)
            image = f"h{number:04d}.fits"
            place = {"ra": 150.0 - x0 / 3600, "dec": 2.0 + y0 / 3600 + number, "x": x0, "y": y0}
            rows.append({"id": f"{number:04d}-{row}", "image": image, **place, "mjd": mjd, "mag": 18.0, "filter": "r"})
        planes = {"SCIENCE": template + difference, "TEMPLATE": template, "DIFFERENCE": difference}
        made = [fits.ImageHDU(pixels, name=name) for name, pixels in planes.items()]
        fits.HDUList([fits.PrimaryHDU(), *made]).writeto(folder / "images" / f"h{number:04d}.fits")
    table = pd.DataFrame(rows)
    table.to_csv(folder / "detections.csv", index=False)
    labels = np.where(table.index % EACH % 2 == 0, 1, 0)
    pd.DataFrame({"candidate_id": table["id"], "label": labels}).to_csv(folder / "judged.csv", index=False)


def test_the_page_leads_from_a_folder_of_images_to_scores(tmp_path):
    write_survey(tmp_path / "hill")
    for text in blocks("yaml"):
        path = tmp_path / text.splitlines()[0].removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NIGHTSIFT", "LUIGI"))}
    environment |= {"NIGHTSIFT_CONFIG": str(tmp_path / "config"), "NIGHTSIFT_DATA": str(tmp_path / "data")}
    environment |= {"HILL_DATA": str(tmp_path / "hill"), "OMP_NUM_THREADS": "1"}
    assert [command.split()[0] for command in commands()] == ["nightsift", "luigi", "luigi", "luigi"]
    for command in commands():
        program, *arguments = shlex.split(command)
        done = subprocess.run(
            [Path(sys.executable).parent / program, *arguments],
            cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}"
    (scores,) = (tmp_path / "data").rglob("Infer-*.parquet")
    found = read_scores(scores)
    assert len(found) == EACH
    assert found["candidate_id"].tolist() == [f"0002-{row}" for row in range(EACH)]
    real = np.array([int(name.partition("-")[2]) % 2 == 0 for name in found["candidate_id"]])
    assert found["score"][real].mean() > found["score"][~real].mean() + 0.2
    cutouts = next((tmp_path / "data").rglob("FetchCutouts-*.h5"))
    with open_cutouts(cutouts) as file:
        assert file.candidates()["label"].value_counts().to_dict() == {1: EACH // 2, 0: EACH // 2}


def settings_of_the_adapter():
    """Return the settings of the page's survey that uses the page's adapter."""
    (text,) = (text for text in blocks("yaml") if "source: arrays" in text)
    return yaml.safe_load(text)


@pytest.fixture
def arrays_survey(tmp_path, monkeypatch):
    """Return a function that writes the page's night and opens the page's survey with the page's adapter.

    ``side`` is the side of the cutouts; what is given further takes the place of the page's settings.
    """
    (code,) = blocks("python")
    path = tmp_path / "arrays.py"
    path.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("arrays_of_the_page", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    monkeypatch.setattr(SURVEYS, "_entries", dict(SURVEYS._entries))
    monkeypatch.setattr(SURVEYS, "_metadata", dict(SURVEYS._metadata))
    spec.loader.exec_module(module)
    folder = tmp_path / "arrays"
    monkeypatch.setenv("ARRAYS_DATA", str(folder))

    def make(side=5, **settings):
        folder.mkdir(exist_ok=True)
        (table,) = blocks("csv")
        (folder / "2026-01-05.csv").write_text(table, encoding="utf-8")
        pixels = np.random.default_rng(1).normal(size=(2, side, side, 3)).astype(np.float32)
        np.save(folder / "2026-01-05.npy", pixels)
        return open_survey(parse(SurveySettings, settings_of_the_adapter() | settings, "arrays.yaml"), "arrays")

    return make


@pytest.fixture
def tested_survey(arrays_survey):
    """Return a function that opens the survey of the page as the tests of all sources want theirs."""
    common = {"telescope": "T1", "cutout_size_pixel": 5, "closed": {"marker": "closed-{night}"}}
    return lambda **settings: arrays_survey(**(common | settings))


def test_the_survey_of_the_adapter_is_complete_and_is_fetched_with_its_labels(arrays_survey, tmp_path):
    survey, night = arrays_survey(side=21), "2026-01-05"
    job = {"name": "arrays", "night": night, "manifest": survey.freeze(night), "provenance": {}}
    commit(
        tmp_path / "c.h5", lambda path: fetch_cutouts(path, NightJob(survey=survey, progress=lambda *_: None, **job))
    )
    with open_cutouts(tmp_path / "c.h5") as file:
        rows = file.candidates()
    assert rows[["candidate_id", "object_id", "label"]].to_numpy().tolist() == [["a", "star-1", 1], ["b", "star-2", 0]]
    assert set(rows["telescope"]) == {"Array 1 m"}


def test_a_survey_without_defaults_is_refused_as_the_page_says():
    settings = settings_of_the_adapter()
    del settings["defaults"]
    assert "`defaults` is required" in PAGE
    with pytest.raises(SettingsError, match="'defaults' is missing"):
        parse(SurveySettings, settings, "arrays.yaml")


def test_the_line_for_the_tests_of_all_sources_is_like_those_that_are_there():
    (line,) = re.findall(r'`("arrays": \w+,)`', PAGE)
    conformance = (ROOT / "tests" / "conformance" / "test_surveys.py").read_text(encoding="utf-8")
    assert f"        {line.replace('arrays', 'table')}\n" in conformance
    assert "def table_survey(" in (ROOT / "tests" / "fixtures" / "image_surveys.py").read_text(encoding="utf-8")


def test_the_adapter_of_the_page_is_short():
    (code,) = blocks("python")
    assert len(code.splitlines()) < 40


def conformance_tests():
    path = ROOT / "tests" / "conformance" / "test_surveys.py"
    spec = importlib.util.spec_from_file_location("conformance_of_surveys", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: test for name, test in vars(module).items() if name.startswith("test_")}


@pytest.mark.parametrize(
    "name", [name for name, test in conformance_tests().items() if inspect.signature(test).parameters]
)
def test_the_adapter_of_the_page_does_what_every_source_must(name, tested_survey, request):
    test = conformance_tests()[name]
    asked = [argument for argument in inspect.signature(test).parameters if argument != "make"]
    test(make=tested_survey, **{argument: request.getfixturevalue(argument) for argument in asked})
