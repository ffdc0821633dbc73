import datetime
import json

from pipeline.io import provenance


def test_a_record_holds_what_the_contract_names_and_is_plain_json():
    found = provenance.record(task="T", fingerprint="f", identity={"a": 1}, inputs={"x": "y"}, started=provenance.now())
    assert {"task", "fingerprint", "identity", "inputs", "code", "packages", "host", "started", "ended"} <= set(found)
    assert json.loads(json.dumps(found)) == found
    assert found["code"].keys() == {"version", "commit", "dirty"}
    assert found["packages"]["numpy"].count(".") == 2


def test_times_are_utc():
    moment = datetime.datetime.fromisoformat(provenance.now())
    assert moment.utcoffset() == datetime.timedelta(0)
