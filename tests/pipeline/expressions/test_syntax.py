"""Whatever is not on the list of what an expression may say is refused, in one line that shows it."""

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.expressions import syntax
from pipeline.expressions.syntax import DEEPEST, LONGEST_TEXT, column_names, is_condition, read_tree

HOSTILE = {
    "g.mag": "has '.';",
    "().__class__.__bases__": "has '.';",
    "g.__class__ > 1": "has '.';",
    "__import__('os').system('ls')": "the call",
    "open('x')": "the call",
    "eval(g)": "the call 'eval(g)'",
    "exp(g)": "the call 'exp(g)'",
    "(lambda: g)()": "the call",
    "lambda: g": "has 'lambda';",
    "g[0]": "has '[ ]';",
    "[g for g in r]": "has '[g for g in r]'",
    "{g: r}": "has '{g: r}'",
    "(g, r)": "has '(g, r)'",
    "'g'": "the text",
    "b'g'": "the text",
    "f'{g}'": "has",
    "g == 'STAR'": "the text",
    "(x := g)": "':='",
    "g := 3": "cannot be read",
    "g = 3": "cannot be read",
    "import os": "cannot be read",
    "g; r": "cannot be read",
    "*g": "cannot be read",
    "await g": "",
    "g if r > 1 else i": "has 'if';",
    "g & r": "has '&': write 'and'",
    "g | r": "has '|': write 'or'",
    "~g": "has '~': write 'not'",
    "g ^ 2": "write '**'",
    "g % 2": "has '%';",
    "g // 2": "has '//';",
    "g @ r": "has 'g @ r'",
    "g << 2": "has 'g << 2'",
    "g in r": "has 'in'",
    "g is r": "has 'is'",
    "None": "the constant 'None'",
    "True and g > 1": "the number 'True'",
    "...": "the constant",
    "2j * g": "the constant '2j'",
    "1e999 > g": "the infinite number",
    f"g > {'9' * 500}": "the infinite number",
    "g ** r": "the power 'g ** r'",
    "99**99**g": "the power",
    "g ** 1000": "the power 'g ** 1000'",
    "g ** -11": "the power",
    "11 ** g": "the power",
    "sqrt(x=g)": "more than values",
    "max(*g)": "more than values",
    "max(g)": "of 1 values, where max takes 2 to 50 values",
    "sqrt()": "of 0 values, where sqrt takes 1 value",
    "log10(g, r)": "of 2 values",
    "sqrt(g)(r)": "the call",
    "g - r and i": "the number 'g - r' where a comparison or a flag is needed",
    "not 3": "the number '3'",
    "g # > 3": "has '#'",
    "": "is empty",
    " \n": "is empty",
    "g >": "cannot be read",
    "g > 1 )": "cannot be read",
    "g\0": "cannot be read",
    "(" * 250 + "g" + ")" * 250: "cannot be read",
    "-" * 1500 + "g": "",
    "-" * 300 + "g": "parts within parts",
    "not " * 300 + "g": "parts within parts",
    "+".join(["g"] * (DEEPEST + 2)): f"more than {DEEPEST} parts within parts",
    "g" * (LONGEST_TEXT + 1): f"has {LONGEST_TEXT + 1} characters; allowed: at most {LONGEST_TEXT}",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_expression_is_refused_in_one_line(text):
    with pytest.raises(SettingsError) as caught:
        read_tree(text, "survey.yaml: cuts[0]")
    message = str(caught.value)
    assert message.startswith("survey.yaml: cuts[0]: the expression ")
    assert HOSTILE[text] in message
    assert "\n" not in message
    assert len(message) < 600


def test_what_is_allowed_is_read():
    for text in (
        "g", "-g", "+g", "g\n  - r", "1_000 * g", "10 ** (-0.4 * g)", "g ** -2", "g ** 0.5",
        "(1 < g <= r != 3) or not (isVHS and isfinite(r))", "min(g, r, i, 3) + max(g, 1) - abs(sqrt(log10(g)))",
        "+".join(["g"] * (DEEPEST - 2)), "((((((((((g))))))))))",
    ):  # fmt: skip
        read_tree(text, "")


def test_functions_are_no_columns_unless_named_alone():
    assert column_names(read_tree("min(g, r) + min", "")) == {"g", "r", "min"}


@pytest.mark.parametrize(("text", "condition"), [
    ("g < 1", True), ("g < 1 and r", True), ("not g", True), ("isfinite(g)", True), ("g", False), ("g + 1", False),
    ("max(g, r)", False), ("-isfinite(g)", False),
])  # fmt: skip
def test_a_condition_is_told_by_its_outermost_part(text, condition):
    assert is_condition(read_tree(text, "")) is condition


def test_no_code_is_ever_run():
    source = Path(syntax.__file__).read_text(encoding="utf-8")
    assert not any(word in source for word in ("eval(", "exec(", "compile(", "numexpr"))
