import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from pipeline.metrics import METRICS, bootstrap_all, paired_differences
from pipeline.metrics.binned_scores import BINNED_ABOVE, BinnedScores
from pipeline.report.bootstrap import Bootstrap

APART = 2.4


def rows(n=6000, seed=0, size=2, spread=0.0):
    """Labels, probabilities and groups of ``size`` rows; with ``spread`` rows of a group are alike."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) // size
    label = (rng.random(group[-1] + 1) < 0.4).astype(int)[group]
    own = rng.standard_normal(n) + spread * rng.standard_normal(group[-1] + 1)[group] + APART * (label - 0.5)
    return label, 1 / (1 + np.exp(-APART * own)), group.astype(str)


def intervals(label, score, groups, above, replicates=600):
    rng = np.random.default_rng(5)
    return bootstrap_all(label, score, groups, replicates=replicates, level=0.68, rng=rng, binned_above=above)


def test_values_are_those_of_the_scores_themselves():
    label, score, groups = rows()
    found = intervals(label, score, groups, above=0, replicates=20)
    by_itself = intervals(label, score, groups, above=None, replicates=1)
    plain = [name for name in METRICS if not METRICS[name].noise_adds]
    assert [found[name].value for name in plain] == pytest.approx([by_itself[name].value for name in plain], abs=1e-9)
    assert found["auc"].value == pytest.approx(roc_auc_score(label, score), abs=1e-9)
    assert found["average_precision"].value == pytest.approx(average_precision_score(label, score), abs=1e-9)
    assert found["brier"].value == pytest.approx(brier_score_loss(label, score), abs=1e-9)


def test_intervals_are_as_wide_as_those_of_samples_of_rows():
    label, score, groups = rows(spread=0.7)
    binned, exact = (intervals(label, score, groups, above) for above in (0, None))
    width = {name: (binned[name].high - binned[name].low) / (exact[name].high - exact[name].low) for name in METRICS}
    assert {name: ratio for name, ratio in width.items() if not 0.8 < ratio < 1.25} == {}
    assert all(binned[name].low <= binned[name].value <= binned[name].high for name in METRICS)


def test_differences_are_paired():
    label, score, groups = rows()
    other = np.clip(score + 0.02 * np.random.default_rng(3).standard_normal(len(score)), 0, 1)
    found = {}
    for above in (0, None):
        rng = np.random.default_rng(2)
        found[above] = paired_differences(
            label, score, other, groups, metrics=["auc", "brier"], replicates=400, rng=rng, binned_above=above
        )
    for name in ("auc", "brier"):
        assert found[0][name].value == pytest.approx(found[None][name].value, abs=1e-9)
        width, exact = (found[above][name].high - found[above][name].low for above in (0, None))
        assert width == pytest.approx(exact, rel=0.25)


def test_small_samples_keep_the_samples_of_rows():
    label, score, groups = rows(300)
    assert intervals(label, score, groups, above=300) == intervals(label, score, groups, above=None)
    assert Bootstrap(replicates=1, seed=1).binned_above == BINNED_ABOVE == 20_000


def test_equal_scores_share_a_bin_and_no_bin_lies_on_both_sides_of_a_decision():
    label, score, groups = rows(3000)
    score = np.round(score, 3)
    score[:3] = 0.5
    binned = BinnedScores.of(label, score, groups)
    assert (binned.labels[binned.cell] == label).all()
    assert ((binned.scores[binned.cell] >= 0.5) == (score >= 0.5)).all()
    bins_of = {value: set((binned.cell[score == value] // 2).tolist()) for value in np.unique(score)}
    assert max(map(len, bins_of.values())) == 1


@pytest.mark.slow
def test_intervals_cover_the_truth_as_often_as_they_say():
    true = {"auc": float(ndtr(APART / np.sqrt(2))), "accuracy": float(ndtr(APART / 2))}
    hits = dict.fromkeys(true, 0)
    for seed in range(300):
        label, score, groups = rows(1000, seed=seed, size=1)
        rng = np.random.default_rng(seed)
        found = bootstrap_all(label, score, groups, metrics=list(true), replicates=150, rng=rng, binned_above=0)
        for name, interval in found.items():
            hits[name] += interval.low <= true[name] <= interval.high
    shares = {name: count / 300 for name, count in hits.items()}
    assert all(abs(share - 0.68) < 0.08 for share in shares.values()), shares
