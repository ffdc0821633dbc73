import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.metrics.permutation import permutation_importance


def test_a_feature_that_decides_costs_what_chance_loses_and_others_cost_nothing():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 3)).astype(np.float32)
    label = features[:, 1] > 0

    def merit(chances, times):
        return float(np.average((chances > 0.5) == label, weights=times))

    found = permutation_importance(
        lambda values: (values[:, 1] > 0).astype(float), features, ["a", "b", "c"], merit, rng=rng
    )
    assert found["feature"].iloc[0] == "b"
    first = found.iloc[0]
    assert abs(first["importance"] - 0.5) < 3 * first["error"] < 0.15
    assert found["importance"].iloc[1:].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("names", "repeats"), [(["a"], 5), (["a", "b"], 1)])
def test_other_names_or_too_few_repeats_are_refused(names, repeats):
    with pytest.raises(InputError, match="allowed"):
        permutation_importance(
            lambda values: values, np.zeros((3, 2)), names, lambda *_: 0.0, repeats=repeats,
            rng=np.random.default_rng(0),
        )  # fmt: skip
