import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from pipeline.people.slopes import snr_slope


def judged(slope, seed, n=2000):
    """Return whether each of n votes is wrong, with log odds that change so for ten times the SNR, and their SNR."""
    rng = np.random.default_rng(seed)
    snr = 10 ** rng.uniform(0.5, 2, n)
    return rng.random(n) < expit(-1.5 + slope * (np.log10(snr) - 1.25)), snr


def test_slope_and_error_are_those_of_the_likelihood_itself():
    wrong, snr = judged(-2.0, 1)
    x = np.log10(snr)

    def loss(p):
        odds = p[0] + p[1] * x
        return (np.logaddexp(0, odds) - wrong * odds).sum()

    best = minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000}).x
    step = 1e-3
    second = [[(loss(best + a + b) - loss(best + a - b) - loss(best - a + b) + loss(best - a - b)) / (4 * step**2)
               for b in np.eye(2) * step] for a in np.eye(2) * step]  # fmt: skip
    error = np.sqrt(np.linalg.inv(np.array(second))[1, 1])
    found = snr_slope(wrong, snr)
    assert found.value == pytest.approx(best[1], abs=2e-3)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=1e-3)
    assert found.low < -2 < found.high


def test_the_sentence_says_where_people_err():
    assert "faint candidates are wrong more often" in snr_slope(*judged(-3.0, 2)).words
    assert "bright candidates are wrong more often" in snr_slope(*judged(3.0, 2)).words
    assert "do not depend on SNR beyond chance" in snr_slope(*judged(0.0, 3)).words


def test_without_a_slope_the_interval_holds_zero_about_as_often_as_it_says():
    found = [snr_slope(*judged(0.0, seed, 300)) for seed in range(100)]
    assert np.mean([one.low <= 0 <= one.high for one in found]) == pytest.approx(0.95, abs=0.07)


def test_too_few_votes_and_one_snr_have_no_slope():
    few = snr_slope(np.array([True] * 3 + [False] * 40), np.full(43, 5.0))
    assert np.isnan(few.value)
    assert few.words.startswith("too few votes of known SNR to say whether verdicts depend on it: 3 of 43 disagree")
    assert snr_slope(np.arange(40) < 20, np.full(40, 5.0)).words == "all votes are at one SNR"
    assert snr_slope(np.zeros(0, bool), np.zeros(0)).votes == 0


def test_votes_wholly_apart_by_snr_have_a_wide_but_finite_interval():
    found = snr_slope(np.arange(100) < 50, np.linspace(3, 100, 100))
    assert np.isfinite([found.low, found.value, found.high]).all()
    assert found.value < -5


def test_the_sign_of_the_snr_does_not_count_and_missing_ones_are_left_out():
    wrong, snr = judged(-2.0, 4, 400)
    signed = np.where(np.arange(400) % 2, -snr, snr)
    with_nan = snr_slope(np.r_[wrong, True, True], np.r_[signed, np.nan, 0.0])
    assert with_nan == snr_slope(wrong, snr)
