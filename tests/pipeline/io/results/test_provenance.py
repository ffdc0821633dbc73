import datetime
import importlib.metadata
import json
import platform

import pandas as pd
import pyarrow.parquet as pq

from pipeline.io.results import provenance
from pipeline.io.results.parquet_table import write_table


def test_a_record_holds_what_the_contract_names_and_is_plain_json():
    found = provenance.record(task="T", fingerprint="f", identity={"a": 1}, inputs={"x": "y"}, started=provenance.now())
    assert {"task", "fingerprint", "identity", "inputs", "code", "packages", "host", "started", "ended"} <= set(found)
    assert json.loads(json.dumps(found)) == found
    assert found["code"].keys() == {"version", "commit", "dirty"}
    assert found["packages"]["numpy"].count(".") == 2


def test_a_record_states_python_and_every_library_that_decides_numbers():
    found = provenance.record(task="T", fingerprint="f", identity={}, inputs={}, started=provenance.now())
    assert found["python"] == platform.python_version()
    for name in (*provenance.NUMBERS, *provenance.TRAINING):
        assert found["packages"][name] == importlib.metadata.version(name)


def test_a_library_that_is_not_installed_has_no_version(monkeypatch):
    monkeypatch.setattr(provenance, "TRAINING", {"no-such-library": "nothing"})
    provenance.package_versions.cache_clear()
    assert "no-such-library" not in provenance.package_versions()
    assert "numpy" in provenance.package_versions()
    provenance.package_versions.cache_clear()


def test_libraries_of_other_versions_are_named():
    here = importlib.metadata.version("numpy")
    made_with = {"numpy": "1.0", "scipy": importlib.metadata.version("scipy"), "luigi": "1.0", "gone": "1.0"}
    assert provenance.other_versions(made_with, provenance.NUMBERS) == [f"made with numpy 1.0, here {here}"]
    assert provenance.other_versions({}, provenance.NUMBERS) == []


def test_times_are_utc():
    moment = datetime.datetime.fromisoformat(provenance.now())
    assert moment.utcoffset() == datetime.timedelta(0)


def test_a_result_ended_when_it_was_written_not_when_its_work_began(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "now", lambda: "2026-01-05T00:00:00+00:00")
    made = provenance.record(task="FetchMovers", fingerprint="0", identity={}, inputs={}, started="2026-01-05")
    monkeypatch.setattr(provenance, "now", lambda: "2026-01-05T03:00:00+00:00")
    write_table(tmp_path / "t.parquet", pd.DataFrame({"n": [1]}), made)
    said = json.loads(pq.read_metadata(tmp_path / "t.parquet").metadata[b"provenance"])
    assert (said["started"], said["ended"]) == ("2026-01-05", "2026-01-05T03:00:00+00:00")
