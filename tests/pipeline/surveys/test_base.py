"""What all sources share stands in their base: marker, folder, refusals, and freezing with label tables."""

from dataclasses import dataclass

import pandas as pd
import pytest

from pipeline.errors import MissingInputError, SettingsError
from pipeline.settings import parse
from pipeline.surveys.base import Source
from pipeline.surveys.manifests import entry
from pipeline.surveys.settings import SurveySettings

NIGHT = "2026-01-05"
TABLE = pd.DataFrame({"candidate_id": ["a"], "label": [1]})


@dataclass(frozen=True, kw_only=True)
class ToyInput:
    folder: str


class Toy(Source[ToyInput]):
    """A source of nothing, which says only what an adapter must say."""

    holds = "toys"
    tables = ("judged",)

    def nights(self):
        return [NIGHT]

    def frozen_input(self, night):
        return {"candidates": "not known", "queries": {"rows": {"rows": 0, "sha256": "0"}}, "files": {"a.fits": night}}

    def read(self, night, manifest):
        yield from ()

    def table_rows(self, table, night):
        return TABLE.assign(table=table, night=night)

    def check(self):
        return []


def toy(folder, made_folder=None, source=Toy, **changes):
    common = {"source": "toy", "telescope": "T1", "longitude_deg": 0.0, "pixel_scale_arcsec": 1.0, "input": {}}
    common |= {"channels": ["science"], "cutout_size_pixel": 4, "defaults": {"dataset": "d", "classifier": "c"}}
    settings = parse(SurveySettings, common | {"closed": {"marker": "done-{night}"}} | changes, "toy.yaml")
    return source(settings, ToyInput(folder=str(folder)), made_folder)


def test_a_marker_in_the_folder_closes_a_night(tmp_path):
    survey = toy(tmp_path)
    assert not survey.closed(NIGHT)
    (tmp_path / f"done-{NIGHT}").touch()
    assert survey.closed(NIGHT)
    assert not survey.closed("2026-01-06")


def test_hours_close_a_night_elsewhere(tmp_path):
    assert not toy(tmp_path, closed={"after_hours": 2}).closed(NIGHT)


def test_a_query_is_refused_by_a_source_without_and_asked_by_one_that_has_some(tmp_path):
    class Asked(Toy):
        def finds(self, query, night):
            return (query, night) == ("done", NIGHT)

    closed = {"query": "done"}
    with pytest.raises(SettingsError, match=r"survey source .toy. has no queries .*allowed: after_hours, marker"):
        toy(tmp_path, closed=closed).closed(NIGHT)
    assert toy(tmp_path, source=Asked, closed=closed).closed(NIGHT)
    assert not toy(tmp_path, source=Asked, closed=closed).closed("2026-01-06")


def test_the_folder_is_where_a_task_made_it_else_where_the_settings_say(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_TOYS", str(tmp_path))
    (tmp_path / "made").mkdir()
    assert toy("${NIGHTSIFT_TOYS}").folder == tmp_path
    assert toy("${NIGHTSIFT_TOYS}", made_folder=tmp_path / "made").folder == tmp_path / "made"


def test_a_folder_that_is_not_there_or_not_stated_is_told_with_what_it_must_hold(tmp_path, monkeypatch):
    monkeypatch.delenv("NIGHTSIFT_TOYS", raising=False)
    with pytest.raises(MissingInputError, match=f"no folder {tmp_path}/none: {tmp_path}/none must hold toys"):
        _ = toy(tmp_path / "none").folder
    with pytest.raises(MissingInputError, match="NIGHTSIFT_TOYS is not set: point it at the folder that holds toys"):
        _ = toy("${NIGHTSIFT_TOYS}").folder


def test_a_manifest_is_the_own_input_in_its_order_with_the_label_tables_beside_the_queries(tmp_path):
    plain = toy(tmp_path)
    assert plain.freeze(NIGHT) == plain.frozen_input(NIGHT)
    judged = toy(tmp_path, labels=[{"provider": "list", "table": "judged"}])
    manifest = judged.freeze(NIGHT)
    assert list(manifest) == ["candidates", "queries", "files"]
    assert list(manifest["queries"]) == ["rows", "judged"]
    assert manifest["queries"]["judged"] == entry(judged.reference("judged", NIGHT))


def test_an_unknown_reference_table_is_named_with_those_there_are(tmp_path):
    survey = toy(tmp_path)
    assert survey.reference("judged", NIGHT)["night"].tolist() == [NIGHT]
    with pytest.raises(SettingsError, match="names no reference table 'colours'; allowed: judged"):
        survey.reference("colours", NIGHT)


def test_a_source_without_images_says_so(tmp_path):
    survey = toy(tmp_path)
    assert not survey.has_images
    with pytest.raises(SettingsError, match=f"'toy' has no images of night {NIGHT} .frozen yesterday."):
        survey.images(NIGHT, {"as_of": "yesterday"})


def test_every_registered_source_is_a_source():
    from pipeline.surveys.base import SURVEYS

    assert all(issubclass(SURVEYS[name], Source) for name in SURVEYS)
