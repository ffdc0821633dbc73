"""Codes of labels and parts, label sources that never judge, and factors between units stand in one place each."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import classes, conversions

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("pipeline", "models", "web", "tasks", "commands", "benchmarks")
HOMES = {ROOT / "pipeline" / "classes.py", ROOT / "pipeline" / "conversions.py"}
FACTORS = {2.3548, 2.355, 2.35482, 2.3548200450309493, 1.4826, 2400000.5, 2400000, 1.0857, 1.085736}
OF_UNITS = {3600, 86400}
CODED = {"label", "labels", "split", "part", "parts", "label_predicted"}
NAMES = {"REAL", "BOGUS", "UNLABELLED", "TRAIN", "VALIDATION", "TEST", "PART_NAMES", "CLASS_NAMES", "MJD_OF_JD"}
NAMED = {*classes.CLASS_NAMES, *classes.PARTS}
"""Words that a mapping would give codes to."""
SOURCES = {classes.TEACHER, classes.BOGUS_DRAW, classes.SELF_MADE, classes.INJECTED}


def nodes(tree: ast.AST) -> Iterator[str]:
    """Yield what of one module states again what `pipeline.classes` or `pipeline.conversions` states."""
    for node in ast.walk(tree):
        if is_factor(node) or is_code_again(node) or is_definition(node):
            yield f"{getattr(node, 'lineno', 0)}: {ast.unparse(node)}"


def is_factor(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=float() | int() as value):
            return value in FACTORS
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div(), right=right):
            return any(isinstance(side, ast.Constant) and side.value in OF_UNITS for side in (left, right))
    return False


def is_code_again(node: ast.AST) -> bool:
    match node:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() | ast.In() | ast.NotIn()], comparators=[right]):
            return any(coded(one) and holds_code(other) for one, other in ((left, right), (right, left)))
        case ast.keyword(arg="label_source", value=ast.Constant(value=str() as value)):
            return value in SOURCES
        case ast.keyword(arg=str() as name, value=value):
            return name in CODED and is_code(value)
        case ast.Call(func=ast.Attribute(attr="isin", value=table), args=[*values]):
            return any(coded(one) for one in (table, *values)) and any(holds_code(value) for value in values)
        case ast.Dict(keys=keys, values=values):
            entries = zip(map(text_of, keys), values, strict=True)
            return any(key in CODED | NAMED and is_code(value) for key, value in entries)
    return is_default(node) or is_loop_over_codes(node)


def is_default(node: ast.AST) -> bool:
    """Return whether a parameter, a field or a column of labels or parts gets a code."""
    match node:
        case ast.arguments(posonlyargs=first, args=then, kwonlyargs=last, defaults=defaults, kw_defaults=others):
            named = [*zip(reversed([*first, *then]), reversed(defaults), strict=False), *zip(last, others, strict=True)]
            return any(one.arg in CODED and value is not None and is_code(value) for one, value in named)
        case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
            return coded(target) and is_code(value)
    return False


def is_loop_over_codes(node: ast.AST) -> bool:
    """Return whether labels or parts are gone through, or compared one by one, by codes that are written out."""
    match node:
        case ast.For(target=target, iter=codes) | ast.comprehension(target=target, iter=codes):
            return any(coded(name) and is_code(code) for name, code in pairs(target, codes))
        case ast.GeneratorExp(elt=element, generators=[ast.comprehension(target=ast.Name(id=name), iter=codes)]):
            return holds_code(codes) and any(compares(inner, name) for inner in ast.walk(element))
    return False


def pairs(target: ast.expr, values: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield each name of a loop with each value that it takes, of values that are written out."""
    for value in values.elts if isinstance(values, ast.Tuple | ast.List | ast.Set) else ():
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            yield from zip(target.elts, value.elts, strict=False)
        else:
            yield target, value


def compares(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Name(id=other)]):
            return coded(left) and other == name
    return False


def is_definition(node: ast.AST) -> bool:
    match node:
        case ast.Assign(targets=[*targets], value=ast.Constant() | ast.Tuple() | ast.Dict()):
            return any(isinstance(name, ast.Name) and name.id in NAMES for to in targets for name in ast.walk(to))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant() | ast.Tuple() | ast.Dict()):
            return name in NAMES
    return False


def coded(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=name)):
            return name in CODED
    return False


def is_code(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=bool()):
            return False
        case ast.Constant(value=int()) | ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int())):
            return True
    return False


def holds_code(node: ast.expr) -> bool:
    """Return whether an expression is a code, or a list that holds one."""
    match node:
        case ast.Tuple(elts=[*elements]) | ast.List(elts=[*elements]) | ast.Set(elts=[*elements]):
            return any(is_code(element) for element in elements)
    return is_code(node)


def text_of(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_nothing_states_again_what_has_one_place() -> None:
    again = [
        f"{path.relative_to(ROOT)}:{found}"
        for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if path not in HOMES
        for found in nodes(ast.parse(path.read_text(encoding="utf-8")))
    ]  # fmt: skip
    assert again == []


@pytest.mark.parametrize(
    "line",
    [
        "sigma = fwhm / 2.3548",
        "days = seconds / 86400.0",
        "real = table['label'] == 1",
        "held = parts == 2",
        "nights = rows['split'] == -1",
        "REAL, BOGUS = 1, 0",
        "REAL: Final = 1",
        "rows.assign(label_source='injected')",
        "rows.assign(label=1)",
        "rows['label'] = -1",
        "mine = 2 == part",
        "known = table['label'].isin([0, 1])",
        "strange = ~np.isin(label, (0, 1))",
        "known = label in (0, 1)",
        "row = {'candidate_id': 'a', 'label': 0}",
        "codes = {'real': 1, 'bogus': 0}",
        "def write(rows, label=0): ...",
        "def write(rows, *, part: int = 2): ...",
        "class Row:\n    label: int = -1",
        "for label, word in ((1, 'real'), (0, 'bogus')): ...",
        "counts = [(label, n) for label in (0, 1)]",
        "real, bogus = (count(label == wanted) for wanted in (1, 0))",
    ],
)
def test_what_states_it_again_is_found(line: str) -> None:
    assert [*nodes(ast.parse(line))]


@pytest.mark.parametrize(
    "line",
    [
        "axes.bar(x, height, label='real')",
        "rows.assign(label=REAL)",
        "known = table['label'].isin([BOGUS, REAL])",
        "part = image[1:]",
        "for label in (REAL, BOGUS): ...",
        "for label, line in ((REAL, (0, 3)), (BOGUS, (1, 2))): ...",
        "first = label[0]",
        "write(rows, labels=True)",
    ],
)
def test_what_states_no_code_is_left_alone(line: str) -> None:
    assert [*nodes(ast.parse(line))] == []


def test_a_class_name_stands_at_the_place_of_its_code() -> None:
    assert [classes.CLASS_NAMES[code] for code in (classes.BOGUS, classes.REAL)] == ["bogus", "real"]
    assert dict(enumerate(classes.CLASS_NAMES)) | {classes.UNLABELLED: "none"} == dict(classes.LABEL_NAMES)


def test_parts_and_their_names_are_each_other_turned_round() -> None:
    assert {classes.PARTS[name]: name for name in classes.PARTS} == dict(classes.PART_NAMES)
    assert set(classes.LEARNED_PARTS) == set(classes.PARTS) - {"test"}
    assert classes.LEFT_OUT not in classes.PART_NAMES


def test_no_source_that_may_only_guess_is_let_into_validation_by_default() -> None:
    from models.recipes.classifier import ClassifierRecipe
    from pipeline.recipes.dataset import DatasetRecipe

    trained = DatasetRecipe(survey="toy", nights=("2026-01-01",)).training_only
    assert set(ClassifierRecipe(classifier="triplet_cnn").untrusted) < set(trained)
    assert set(trained) - classes.NO_JUDGEMENT_SOURCES == {classes.TEACHER}


def test_factors_agree_with_their_formulas() -> None:
    from math import e, log, log10, sqrt

    assert pytest.approx(2 * sqrt(2 * log(2)), rel=1e-4) == conversions.FWHM_PER_SIGMA
    assert pytest.approx(2.5 * log10(e)) == conversions.MAGNITUDE_PER_LN
    assert conversions.ARCSEC_PER_DEG == 60 * 60
    assert conversions.S_PER_DAY == 24 * 60 * 60
