"""A file that is not a manifest of a night is named with what is wrong in it."""

import json

import pytest

from pipeline.errors import InputError
from pipeline.io.results.night_manifest import read_manifest

SOUND = {"queries": {"candidates": {"rows": 3, "sha256": "a"}}, "files": {"a.fits": {"size": 1, "sha256": "b"}}}


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(SOUND))
    assert read_manifest(tmp_path / "m.json") == SOUND


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value"),
        ("\x00\x00", "Expecting value"),
        ("[]", "it holds a list"),
        ("null", "it holds a NoneType"),
        ("{}", "what it says of its 'queries' is null"),
        (json.dumps(SOUND | {"files": 3}), "what it says of its 'files' is 3"),
        (json.dumps(SOUND | {"queries": {"candidates": 3}}), "what it says of its 'queries' is"),
        (json.dumps(SOUND | {"queries": {"candidates": {"rows": "3"}}}), "what it says of 'candidates' is"),
    ],
)
def test_what_is_no_manifest_is_named_with_what_is_wrong(tmp_path, text, said):
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(InputError, match=rf"m\.json is not a manifest of a night: {said}.*; remove it, and run again$"):
        read_manifest(tmp_path / "m.json")
