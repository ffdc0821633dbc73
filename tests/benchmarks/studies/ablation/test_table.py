"""Tables of the ablations: figures of each line, and differences from the line that it is compared with."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.ablation.lines import BASE, ENSEMBLE, HISTOGRAMS, IN_PLACE
from benchmarks.studies.ablation.table import stack_with, tables
from benchmarks.studies.legacy_networks_table import Trained
from pipeline.metrics import METRICS


def trained(entry, seed, skill):
    """Logits of 400 rows that tell the classes apart the better, the larger the skill."""
    parts = {}
    for number, part in enumerate(("validation", "test")):
        label = np.arange(400) % 2
        noise = np.random.default_rng([seed, number, len(entry)]).normal(size=400)
        names = [f"{part}{row:03d}" for row in range(400)]
        parts[part] = pd.DataFrame(
            {"candidate_id": names, "group_id": names, "night": "a", "label": label, "logit": skill * label + noise}
        )
    return Trained(line={"entry": entry, "seed": seed, "dataset": "d", "cpu_seconds": 10.0 * seed}, parts=parts)


@pytest.fixture(scope="module")
def found():
    skills = {BASE: 1.0, IN_PLACE[1]: 3.0, HISTOGRAMS: 2.0, ENSEMBLE: 2.0}
    return [trained(entry, seed, skill) for entry, skill in skills.items() for seed in (1, 2)]


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_each_line_has_its_mean_over_seeds_and_its_difference(found):
    lines = {cells(line)[0]: cells(line) for line in tables(found) if line}
    auc = {
        name: np.mean(
            [
                METRICS["auc"](one.parts["test"]["label"], one.parts["test"]["logit"])
                for one in found
                if one.line["entry"] == name
            ]
        )
        for name in (BASE, IN_PLACE[1])
    }
    assert lines[BASE][1:3] == ["2", f"{auc[BASE]:.4f}"]
    assert lines[BASE][5:9] == ["-"] * 4
    better = lines[IN_PLACE[1]]
    assert better[5] == BASE
    assert better[6].split()[0] == f"{auc[IN_PLACE[1]] - auc[BASE]:+.4f}"
    assert better[9] == "15"
    assert lines["default"][5] == HISTOGRAMS
    assert lines[f"default, its network {IN_PLACE[1]}"][5] == "default"


def test_the_default_takes_the_network_of_a_line_in_the_place_of_its_own(found):
    by_line = {}
    for one in found:
        by_line.setdefault(one.line["entry"], {})[one.line["seed"]] = one
    plain, other = stack_with(by_line, BASE), stack_with(by_line, IN_PLACE[1])
    assert set(plain) == set(other) == {1, 2}
    assert other[1].line["weights"][2] > plain[1].line["weights"][2]
    assert stack_with(by_line, IN_PLACE[0]) == {}
