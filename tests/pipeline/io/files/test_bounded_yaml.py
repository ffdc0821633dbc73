import ast
import re
from pathlib import Path

import pytest
import yaml

from pipeline.errors import SettingsError
from pipeline.io.files.bounded_yaml import MOST_VALUES, BoundedLoader, parse_yaml

ROOT = Path(__file__).resolve().parents[4]
BOMB = "a0: &a0 [1]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 13)
)  # fmt: skip
MERGED = "a0: &a0 {k0: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}], k{n}: 1}}\n" for n in range(1, 13)
)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "[" * 900 + "]" * 900, "nested more than 40 deep in line 1, column 43"),
        ("a: " + "[" * 900_000, "nested more than 40 deep"),
        ("a:\n" + "".join(" " * n + "- \n" for n in range(1, 900)), "nested more than 40 deep"),
        ("a: " + "{b: " * 900 + "}" * 900, "nested more than 40 deep"),
        (BOMB, f"more than {MOST_VALUES:,} values, with those that anchors repeat"),
        (MERGED, f"more than {MOST_VALUES:,} values, with those that anchors repeat"),
        ("a: &x [1, *x]", "'x' contains itself"),
        ("a: &x\n  b: *x\n", "'x' contains itself"),
        ("a: " + "[1]," * 3_000_000, "characters; allowed: 2,000,000"),
        ("[" + "1," * (MOST_VALUES + 1) + "]", f"more than {MOST_VALUES:,} values"),
        ("a: " + "9" * 5000, "ValueError Exceeds the limit"),
        ("a: !!int x", "ValueError"),
        ("a: !!bool perhaps", "KeyError"),
        ("a: !!timestamp never", "AttributeError|TypeError"),
        ("? [a]\n: 1\n? {b: 1}\n: 1", "unhashable"),
        ("a: *b", "undefined alias"),
        ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
    ],
)  # fmt: skip
def test_what_would_take_long_or_is_none_is_refused_at_once_in_one_line(text, message):
    with pytest.raises(SettingsError, match=message) as caught:
        parse_yaml(text, "surveys/s.yaml")
    assert str(caught.value).startswith("surveys/s.yaml ")
    assert "\n" not in str(caught.value)


def test_anchors_are_read_as_yaml_reads_them():
    text = "base: &b {x: 1, y: [2, 3]}\none: *b\ntwo: {<<: *b, x: 5}\n"
    assert parse_yaml(text, "s.yaml") == yaml.safe_load(text)


def test_thousands_of_keys_take_no_time_to_be_found_different():
    text = "".join(f"k{n}: {n}\n" for n in range(8000))
    assert len(parse_yaml(text, "s.yaml")) == 8000


def test_yaml_is_read_in_one_place():
    reading = re.compile(r"yaml\.(safe_|full_|unsafe_)?load(_all)?")
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("pipeline", "models", "tasks", "commands")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and reading.fullmatch(ast.unparse(node.func))
    }
    assert found == {"pipeline/io/files/bounded_yaml.py"}


def test_the_loader_makes_no_objects():
    assert issubclass(BoundedLoader, yaml.SafeLoader)
    assert not issubclass(BoundedLoader, yaml.UnsafeLoader)
