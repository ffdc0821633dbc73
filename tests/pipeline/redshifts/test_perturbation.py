import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.redshifts.perturbation import ErrorModel, fit_errors, perturbation_pdfs, perturbed

SLOPE, INTERCEPT = 0.8, -18.0


def catalogue(n=3000):
    rng = np.random.default_rng(0)
    magnitudes = rng.uniform(17, 22, (n, 3))
    return magnitudes, np.exp(SLOPE * magnitudes + INTERCEPT)


def model(bands=3):
    return ErrorModel(slope=np.full(bands, SLOPE), intercept=np.full(bands, INTERCEPT))


def test_the_fit_finds_the_line_and_wild_errors_do_not_move_it():
    magnitudes, errors = catalogue()
    errors[::200] *= 1000.0
    fitted = fit_errors(magnitudes, errors)
    np.testing.assert_allclose(fitted.slope, SLOPE, atol=0.05)
    np.testing.assert_allclose(fitted.error(magnitudes[:50]), model().error(magnitudes[:50]), rtol=0.1)


@pytest.mark.replaces("4most", "M12")
def test_every_band_is_perturbed_by_its_own_error_times_alpha():
    magnitudes = np.tile([18.0, 21.0, 23.5], (4000, 1))
    noise = perturbed(magnitudes, model(), np.random.default_rng(1)) - magnitudes
    expected = 0.9 * np.maximum(np.exp(SLOPE * np.array([18.0, 21.0, 23.5]) + INTERCEPT), 0.05)
    np.testing.assert_allclose(noise.std(axis=0), expected, rtol=0.05)
    assert expected[0] == 0.9 * 0.05
    assert np.abs(np.corrcoef(noise.T) - np.eye(3)).max() < 0.06


def test_what_is_missing_stays_missing_and_the_same_seed_gives_the_same_copy():
    magnitudes, _ = catalogue(20)
    magnitudes[3, 1] = np.nan
    first, second = (perturbed(magnitudes, model(), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.isnan(first).sum() == 1


def test_the_distribution_has_the_width_that_noise_gives_to_the_answer():
    magnitudes = np.full((40, 3), 21.0)
    edges = np.linspace(0, 1, 101)
    made = perturbation_pdfs(
        lambda m: 0.5 + 0.1 * (m[:, 0] - 21.0), magnitudes, model(), edges, np.random.default_rng(2)
    )
    assert made.mean().mean() == pytest.approx(0.5, abs=0.01)
    assert made.std().mean() == pytest.approx(0.1 * 0.9 * model().error([[21.0] * 3])[0, 0], rel=0.1)


def test_an_answer_of_nan_is_none_and_answers_outside_count_at_the_ends():
    def predict(magnitudes):
        return np.where(np.arange(3) == 0, np.nan, np.where(np.arange(3) == 1, 9.0, -9.0))

    made = perturbation_pdfs(
        predict, np.full((3, 3), 20.0), model(), [0.0, 0.5, 1.0], np.random.default_rng(0), copies=4
    )
    assert np.isnan(made.masses[0]).all()
    assert made.masses[1:].tolist() == [[0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_errors(np.ones((3, 2)), np.ones((3, 1))), "both of one shape"),
        (lambda: fit_errors(np.full((9, 1), 20.0), np.ones((9, 1))), "band 0: all magnitudes lie in one bin"),
        (
            lambda: fit_errors(np.column_stack([np.linspace(17, 22, 9), np.full(9, np.nan)]), np.full((9, 2), 0.1)),
            "band 1: none of 9 rows has a magnitude and an error above 0",
        ),
        (lambda: perturbed(np.ones((3, 2)), model(), np.random.default_rng(0)), r"allowed: \(n, 3\)"),
        (
            lambda: perturbation_pdfs(len, np.ones((3, 3)), model(), [0, 1], np.random.default_rng(0), copies=0),
            "given 0",
        ),
    ],
)
def test_what_cannot_be_perturbed_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
