import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.photometry.flux_sign import flux_signs, stated_signs


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        (
            [
                "f",
                "F",
                "false",
                "False",
                "FALSE",
                "0",
                "-1",
                "n",
                "-1.0",
                "-",
                "Negative",
                0,
                -1,
                0.0,
                False,
                np.False_,
                b"f",
                " f ",
            ],
            -1,
        ),
        (
            [
                "t",
                "T",
                "true",
                "True",
                "TRUE",
                "1",
                "+1",
                "p",
                "1.0",
                "+",
                "positive",
                1,
                1.0,
                True,
                np.True_,
                b"t",
                np.int8(1),
            ],
            1,
        ),
        ([None, np.nan, "", " ", "nan", pd.NA, pd.NaT, np.float32("nan")], 0),
    ],
)
def test_every_spelling_of_a_sign_is_read(values, sign):
    assert flux_signs(values).tolist() == [sign] * len(values)


@pytest.mark.parametrize("value", ["maybe", 77, 0.5, "2", [1], np.float64(77), np.inf, 10**400])
def test_a_value_that_is_no_sign_is_named_with_what_is_allowed(value):
    with pytest.raises(
        InputError, match=r"column 'pos' is .*; allowed: - -1 0 f false n negative \+ 1 p positive t true, or nothing"
    ) as caught:
        flux_signs(["t", value], what="column 'pos'")
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="flux_sign is"):
        stated_signs([value])


def test_where_true_is_negative_false_is_positive_and_a_number_below_zero_says_nothing():
    values = [True, "t", "True", 1, False, "F", "false", "0", None]
    assert flux_signs(values, negative=("1",)).tolist() == [-1] * 4 + [1] * 4 + [0]
    with pytest.raises(InputError, match="'-1'; allowed: 1 t true 0 f false, or nothing"):
        flux_signs(["-1"], negative=("1",))


def test_a_text_of_the_settings_is_negative_beside_the_usual_ones():
    assert flux_signs(["below", "Below", "f", "t"], negative=("below", "0")).tolist() == [-1, -1, -1, 1]


def test_in_our_own_columns_zero_is_not_known():
    assert stated_signs([1, 0, -1, 0.0, None, False, True]).tolist() == [1, 0, -1, 0, 0, -1, 1]
    with pytest.raises(InputError, match="flux_sign is 77;"):
        stated_signs([77])
