"""The README's lines of Python do what they say."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_lines_of_python_score_a_night(here):
    (block,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    for shown, small in (
        ('"data/synthetic/all"', repr(str(here.data / "tiny" / "all"))),
        ("CalibratePackage-synthetic-default-*", "CalibratePackage-*"),
        ("2026-01-05/", "2026-01-0*/"),
    ):
        assert shown in block
        block = block.replace(shown, small)
    names: dict[str, object] = {}
    exec(compile(block, str(README), "exec"), names)
    scores = names["scores"]
    assert ((scores >= 0) & (scores <= 1)).all()
    best = names["best"]
    assert best["score"].is_monotonic_decreasing
    assert best["score"].iloc[0] == scores.max()
