"""Expressions give what numpy or plain Python gives another way, NaN where undefined, in memory that does not grow."""

import math
import operator
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError, SettingsError
from pipeline.expressions.expression import BLOCK_ROWS, parse, parse_condition

TABLE = {
    "g": np.array([20.0, 22.0, np.nan, 23.5], dtype=np.float32),
    "r": np.array([19.0, 21.5, 20.0, np.inf], dtype=np.float64),
    "VHS_class": np.array([1, -1, 0, 1], dtype=np.int16),
    "isVHS": np.array([True, False, True, True]),
}
NAN = math.nan


def value(text, **columns):
    """The value of an expression on one row."""
    return parse(text).evaluate({name: np.array([number]) for name, number in columns.items()})[0]


@pytest.mark.parametrize(("text", "wanted"), [
    ("g - r", [1.0, 0.5, NAN, NAN]),
    ("-g ** 2", [-400.0, -484.0, NAN, -552.25]),
    ("2 + 3 * VHS_class", [5.0, -1.0, 2.0, 5.0]),
    ("(2 + 3) * VHS_class", [5.0, -5.0, 0.0, 5.0]),
    ("8 / 4 / 2 * isVHS", [1.0, 0.0, 1.0, 1.0]),
    ("1 / VHS_class", [1.0, -1.0, NAN, 1.0]),
    ("VHS_class / 0", [NAN, NAN, NAN, NAN]),
    ("log10(VHS_class)", [0.0, NAN, NAN, 0.0]),
    ("sqrt(VHS_class)", [1.0, NAN, 0.0, 1.0]),
    ("abs(VHS_class)", [1.0, 1.0, 0.0, 1.0]),
    ("10 ** (VHS_class * 400)", [NAN, 0.0, 1.0, NAN]),
    ("2 ** 3 ** 2 * isVHS", [512.0, 0.0, 512.0, 512.0]),
    ("min(VHS_class, 0.5, isVHS)", [0.5, -1.0, 0.0, 0.5]),
    ("max(g, 21)", [21.0, 22.0, NAN, 23.5]),
    ("(g > 21) + (g < 23)", [1.0, 2.0, 0.0, 1.0]),
    ("r", [19.0, 21.5, 20.0, NAN]),
])  # fmt: skip
def test_numbers_are_those_worked_out_by_hand(text, wanted):
    values = parse(text).evaluate(TABLE)
    assert values.dtype == np.float64
    np.testing.assert_allclose(values, wanted, rtol=1e-12)


@pytest.mark.parametrize(("text", "wanted"), [
    ("19 < r < 21", [False, False, True, False]),
    ("19 <= r", [True, True, True, False]),
    ("g == g", [True, True, False, True]),
    ("g != 20", [False, True, False, True]),
    ("20 <= g > r > 0", [True, True, False, False]),
    ("isVHS", [True, False, True, True]),
    ("VHS_class", [True, True, False, True]),
    ("not isVHS or g > 23", [False, True, False, True]),
    ("not (isVHS or g > 23)", [False, True, False, False]),
    ("isVHS and g > 21 or r == 19", [True, False, False, True]),
    ("isVHS and (g > 21 or r == 19)", [True, False, False, True]),
    ("not g > 21", [True, False, True, False]),
    ("isfinite(g)", [True, True, False, True]),
    ("isfinite(r)", [True, True, True, False]),
    ("isfinite(1 / VHS_class)", [True, True, False, True]),
    ("1 / VHS_class < 1e9", [True, True, False, True]),
])  # fmt: skip
def test_conditions_are_those_worked_out_by_hand(text, wanted):
    assert parse_condition(text).holds(TABLE).tolist() == wanted


def test_a_condition_evaluates_to_bool_and_a_flag_to_numbers():
    assert parse("g > 21").evaluate(TABLE).dtype == np.bool_
    assert parse("isVHS").evaluate(TABLE).dtype == np.float64


def test_the_published_locus_of_emission_line_galaxies_is_the_polygon_between_its_lines():
    rng = np.random.default_rng(1)
    columns = {name: rng.uniform(20, 24, 4000) for name in ("g", "r", "i")}
    text = "0.5 - 2.5 * (g - r) < r - i < 3.5 - 2.5 * (g - r) and 0.4 * (g - r) + 0.3 < r - i < 0.4 * (g - r) + 0.9"
    across, up = columns["g"] - columns["r"], columns["r"] - columns["i"]
    rotated = np.stack([up + 2.5 * across, up - 0.4 * across])
    inside = (np.abs(rotated - [[2.0], [0.6]]) < [[1.5], [0.3]]).all(axis=0)
    assert (parse(text).evaluate(columns) == inside).all()
    assert inside.any()


NUMBER = st.floats(-50, 50, width=32)
LEAF = st.one_of(st.sampled_from(["a", "b"]), NUMBER.map(lambda number: f"{abs(number)!r}"))
SIGNS = {"+": operator.add, "-": operator.sub, "*": operator.mul}


@given(
    tree=st.recursive(LEAF, lambda inner: st.tuples(inner, st.sampled_from(sorted(SIGNS)), inner), max_leaves=8),
    a=NUMBER, b=NUMBER,
)  # fmt: skip
def test_any_arithmetic_is_what_python_does_row_by_row(tree, a, b):
    def written(node):
        return node if isinstance(node, str) else f"({written(node[0])} {node[1]} {written(node[2])})"

    def worked_out(node):
        if isinstance(node, str):
            return {"a": a, "b": b}.get(node, float(node) if node not in "ab" else 0.0)
        return SIGNS[node[1]](worked_out(node[0]), worked_out(node[2]))

    text = f"{written(tree)} + 0 * a"
    assert value(text, a=a, b=b) == worked_out(tree) + 0 * a


def test_rows_are_evaluated_in_blocks_without_seams():
    rows = 2 * BLOCK_ROWS + 7
    columns = {"x": np.arange(rows), "y": np.arange(rows, dtype=np.float32)[::-1]}
    assert parse("x + 2 * y").evaluate(columns).tolist() == [2 * (rows - 1) - place for place in range(rows)]


def test_memory_beside_columns_and_result_does_not_grow():
    def held(rows):
        columns = {"x": np.ones(rows, dtype=np.float32)}
        expression = parse("x + x * x - x / 2 + sqrt(x) - log10(x + 1) > 1 and x < 2 or x == 3")
        tracemalloc.start()
        expression.evaluate(columns)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak - rows

    assert held(8 * BLOCK_ROWS) < 1.1 * held(BLOCK_ROWS)


def test_no_rows_give_no_values():
    assert parse("g - r").evaluate({"g": np.zeros(0), "r": np.zeros(0)}).shape == (0,)


def test_a_mask_is_missing_and_big_endian_columns_of_fits_files_are_read():
    masked = np.ma.MaskedArray([1, 2, 3], mask=[False, True, False])
    values = parse("x + y").evaluate({"x": masked, "y": np.array([1, 2, 3], dtype=">f4")})
    np.testing.assert_array_equal(values, [2.0, NAN, 6.0])


def test_an_unknown_column_is_named_with_the_nearest():
    with pytest.raises(SettingsError) as caught:
        parse("W1 - vhs_Class").evaluate(TABLE)
    assert str(caught.value) == (
        "columns: the expression 'W1 - vhs_Class' names no column of the table with 'W1', 'vhs_Class' (did you mean "
        "'VHS_class'?); columns: VHS_class, g, isVHS, r"
    )


def test_text_is_refused_with_its_first_value():
    with pytest.raises(InputError, match=r"column 'g' is <U4 of shape \(2,\), the first '20.1'; allowed: numbers"):
        parse("g > 1").evaluate({"g": np.array(["20.1", "x"])})


def test_columns_of_several_dimensions_or_lengths_are_refused():
    with pytest.raises(InputError, match=r"shape \(2, 2\)"):
        parse("g > 1").evaluate({"g": np.zeros((2, 2))})
    with pytest.raises(InputError, match=r"columns of 'g - r' differ in shape: g \(2,\), r \(3,\)"):
        parse("g - r").evaluate({"g": np.zeros(2), "r": np.zeros(3)})


def test_ids_too_long_for_a_float_are_refused_rather_than_rounded():
    with pytest.raises(InputError, match="column 'DES_id' holds 9007199254740993; allowed"):
        parse("DES_id == 9007199254740993").evaluate({"DES_id": np.array([1, 9007199254740993])})


def test_an_expression_without_columns_is_refused():
    with pytest.raises(SettingsError, match=r"^rules\[0\]: the expression '1 < 2' names no column$"):
        parse("1 < 2", "rules[0]")


def test_a_number_is_no_condition():
    with pytest.raises(SettingsError, match="the expression 'g - r' gives numbers; allowed: what is true or false"):
        parse_condition("g - r", "cuts[0]")


def test_equal_texts_are_equal_expressions():
    assert parse("g\n - r") == parse("g - r")
    assert len({parse("g - r"), parse("g - r ")}) == 1
