import numpy as np
import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.rng import stream
from pipeline.scores.acquisition import STRATEGIES, Mixture, Pool, entropy_of, select


def pool_of(real, **more):
    real = np.asarray(real, np.float64)
    given = {"bald": np.full(len(real), np.nan), "others": np.zeros((0, len(real), 0))} | more
    return Pool(probabilities=np.stack([1 - real, real], axis=1), **given)


def chosen(pool, text, count, seed=1):
    rows, reasons, values = select(pool, Mixture.parse(text), count, stream(seed, "test"))
    return rows.tolist(), reasons, values.tolist()


def test_margin_and_entropy_take_those_nearest_to_an_even_chance():
    pool = pool_of([0.02, 0.55, 0.97, 0.4, 0.8])
    assert chosen(pool, "margin", 3)[0] == [1, 3, 4]
    assert chosen(pool, "entropy", 3)[0] == [1, 3, 4]
    assert chosen(pool, "margin", 1)[2] == pytest.approx([0.9])
    three = Pool(
        probabilities=np.array([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3]]), bald=np.zeros(2), others=np.zeros((0, 2, 0))
    )
    assert chosen(three, "margin", 1)[0] == [0], "two classes tie"
    assert chosen(three, "entropy", 1)[0] == [1], "three classes are likely"


def test_bald_takes_the_highest_and_none_without_a_posterior():
    assert chosen(pool_of([0.5] * 3, bald=np.array([0.1, np.nan, 0.3])), "bald", 2)[0] == [2, 0]
    with pytest.raises(InputError, match="strategy 'bald' needs a package that samples a posterior"):
        chosen(pool_of([0.5] * 3), "bald", 2)


def test_disagreement_is_the_mutual_information_of_class_and_package():
    others = np.array([[[0.9, 0.1], [0.5, 0.5], [0.1, 0.9]]])
    pool = pool_of([0.1, 0.5, 0.1], others=others)
    rows, _, values = chosen(pool, "disagreement", 3)
    assert rows == [2, 0, 1]
    by_hand = np.log(2) - entropy_of(np.array([0.9, 0.1]))
    assert values == pytest.approx([by_hand, 0.0, 0.0], abs=1e-12)
    with pytest.raises(InputError, match="needs further packages"):
        chosen(pool_of([0.5]), "disagreement", 1)


def test_the_core_set_is_that_of_plain_loops():
    rng = np.random.default_rng(4)
    features, known = rng.normal(size=(60, 3)), rng.normal(size=(5, 3))
    pool = pool_of([0.5] * 60, features=features, known=known)
    scaled, centres = ((part - features.mean(axis=0)) / features.std(axis=0) for part in (features, known))
    centres, wanted = list(centres), []
    for _ in range(8):
        distances = [min(np.linalg.norm(row - centre) for centre in centres) for row in scaled]
        wanted.append(int(np.argmax(distances)))
        centres.append(scaled[wanted[-1]])
    assert chosen(pool, "core_set", 8)[0] == wanted


def test_without_known_rows_the_core_set_starts_at_random_and_spreads():
    features = np.repeat([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], 20, axis=0)
    pool = pool_of([0.5] * 60, features=features)
    for seed in range(5):
        assert {row // 20 for row in chosen(pool, "core_set", 3, seed)[0]} == {0, 1, 2}


def test_a_value_that_is_none_does_not_hide_what_else_its_column_tells():
    """Of 40 rows in two clumps and one that is far from both, one feature is infinite, one 1e35, one column empty."""
    signal = np.concatenate([np.zeros(20), np.ones(20), [3.0]])
    features = np.stack([signal, np.full(41, np.nan)], axis=1)
    features[0, 0], features[1, 0] = np.inf, 1e35
    pool = pool_of([0.5] * 41, features=features, known=np.array([[0.0, np.nan], [1.0, np.nan]]))
    assert chosen(pool, "core_set", 1)[0] == [40]


@pytest.mark.parametrize("text", ["margin:0.5,core_set:0.3,random:0.2", "random", "entropy,margin,random"])
def test_a_mixture_chooses_each_once_in_its_shares_and_takes_turns(text):
    rng = np.random.default_rng(2)
    pool = pool_of(rng.random(200), features=rng.normal(size=(200, 2)))
    mixture = Mixture.parse(text)
    rows, reasons, _ = chosen(pool, text, 40)
    assert len(set(rows)) == len(rows) == 40
    assert {name: reasons.count(name) for name in mixture.shares} == mixture.counts(40)
    half = reasons[:20]
    for name, count in mixture.counts(40).items():
        assert abs(half.count(name) - count / 2) <= 1, name


def test_the_audit_is_a_fair_sample_also_beside_other_strategies():
    pool = pool_of(np.linspace(0, 1, 50))
    counts = np.zeros(50)
    for seed in range(600):
        rows, reasons, _ = chosen(pool, "margin,random", 20, seed)
        counts[[row for row, why in zip(rows, reasons, strict=True) if why == "random"]] += 1
    expected = 600 * 10 / 50
    assert ((counts - expected) ** 2 / (expected * 0.8)).sum() < 90, "chi-square of 49 degrees of freedom"


def test_a_small_pool_is_taken_whole_and_a_seed_repeats():
    assert sorted(chosen(pool_of([0.1, 0.5, 0.9]), "margin,random", 10)[0]) == [0, 1, 2]
    pool = pool_of(np.linspace(0, 1, 50))
    assert chosen(pool, "random", 10, 3)[0] == chosen(pool, "random", 10, 3)[0] != chosen(pool, "random", 10, 4)[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("guess", "strategy 'guess' is not known; allowed, each once: .*margin"),
        ("margin,margin", "strategy 'margin' is named twice"),
        ("margin:x", "the share of strategy 'margin' is 'x'"),
        ("margin:0", "the share of strategy 'margin' is '0'"),
        ("", "strategy '' is not known"),
    ],
)
def test_a_mixture_that_is_none_is_refused(text, words):
    with pytest.raises(SettingsError, match=words):
        Mixture.parse(text)


def test_every_strategy_is_described():
    assert all(STRATEGIES.summary(name) for name in STRATEGIES)
