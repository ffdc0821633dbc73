import numpy as np
import pytest
from scipy.stats import chi, multivariate_normal

from pipeline.errors import InputError
from pipeline.scores.outliers import OutlierMeasure, held_alarms, limit_of, outlier_words


def two_classes(rng, rows, width=3):
    """Rows of two classes 20 widths apart, with one covariance that is far from a sphere, and their labels."""
    label = np.arange(rows) % 2
    mixing = np.array([[2.0, 0.0, 0.0], [1.9, 0.3, 0.0], [0.0, 0.0, 50.0]])[:width, :width]
    return rng.normal(size=(rows, width)) @ mixing.T + 20.0 * label[:, None], label


def test_distances_of_rows_like_the_training_are_those_of_chi():
    rng = np.random.default_rng(0)
    measure = OutlierMeasure.fit(*two_classes(rng, 20_000))
    found = measure.distances(two_classes(rng, 20_000)[0])
    for share in (0.5, 0.9, 0.99):
        assert np.quantile(found, share) == pytest.approx(chi(3).ppf(share), rel=0.05)


def test_a_row_off_the_correlation_is_far_though_each_feature_is_usual():
    rng = np.random.default_rng(1)
    rows, label = two_classes(rng, 5000)
    measure = OutlierMeasure.fit(rows, label)
    limit = limit_of(measure.distances(rows), 0.01)
    assert (measure.distances(rows) > limit).mean() == pytest.approx(0.01, abs=0.002)
    usual, off = [0.0, 0.0, 0.0], [2.0, -2.0, 0.0]
    assert measure.distances([usual])[0] < limit < measure.distances([off])[0]
    assert measure.distances([[10.0, 10.0, 10.0]])[0] > limit  # between the classes
    assert measure.distances([[1e30, -1e30, 0.0]])[0] > limit


def test_what_is_missing_or_constant_says_nothing():
    rng = np.random.default_rng(2)
    rows, label = two_classes(rng, 1000)
    more = np.c_[rows, np.full(1000, 7.0), np.full(1000, np.nan)]
    measure = OutlierMeasure.fit(more, label)
    found = measure.distances([[0.0, 0.0, 0.0, 7.0, np.nan], [np.nan] * 5])
    assert np.isfinite(found).all()


def test_the_numbers_of_a_measure_give_it_again():
    rows, label = two_classes(np.random.default_rng(3), 500)
    measure = OutlierMeasure.fit(rows, label)
    again = OutlierMeasure.of_table(measure.table)
    np.testing.assert_array_equal(again.distances(rows), measure.distances(rows))
    for wrong in (measure.table[:4], np.full_like(measure.table, np.nan), measure.table[0]):
        with pytest.raises(InputError, match="allowed: finite rows"):
            OutlierMeasure.of_table(wrong)


def test_too_few_rows_tell_no_limit():
    with pytest.raises(InputError, match=r"2 training rows cannot tell .*; allowed: 50 or more"):
        OutlierMeasure.fit(np.zeros((2, 3)), [0, 1])


def test_false_alarms_on_held_rows_are_counted_by_night():
    nights = np.repeat(["n1", "n2", "few", ""], [100, 50, 10, 40])
    distances = np.where(np.arange(200) % 10 == 0, 2.0, 0.5)
    distances[100:110] = 2.0
    told = held_alarms(distances, 1.0, nights)
    assert (told["rows"], told["above"], told["nights"]) == (200, 29, 2)
    assert (told["worst_night"], told["worst_rate"]) == ("n2", 14 / 50)
    assert told["low"] < told["rate"] == 29 / 200 < told["high"]
    words = outlier_words({"features": 3, "limit": 1.0, "false_alarms": 0.01, "rows": 500, "held": told})
    assert "Of 200 validation rows it flags 29 (14.5 %, 95 % interval" in words
    assert "by night at most 28.0 % (n2, of 2 nights)" in words
    none = held_alarms([], 1.0, np.empty(0, str))
    assert none["rate"] is None


def test_a_group_of_features_speaks_for_a_class_as_its_normal_densities_do():
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1], 500)
    mixed = rng.normal(size=(1000, 3)) @ rng.normal(size=(3, 3))
    features = mixed + labels[:, None] * np.array([2.0, 0.0, -1.0])
    measure = OutlierMeasure.fit(features, labels)
    groups = {"pair": np.array([0, 2]), "alone": np.array([1])}
    found = measure.told_apart(features[:5], groups)
    covariance = np.linalg.inv(measure.whitening @ measure.whitening.T)
    standard = (features[:5] - measure.location) / measure.scale
    for name, places in groups.items():
        block = covariance[np.ix_(places, places)]
        densities = [
            multivariate_normal(centre[places], block).logpdf(standard[:, places]) for centre in measure.centres
        ]
        np.testing.assert_allclose(found[name], densities[1] - densities[0], rtol=1e-6)
