"""The tables of ablations: each line's figures, and their differences from the line that it is compared with.

Tested by tests/benchmarks/studies/ablation/test_table.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from benchmarks.studies.ablation.lines import BASE, ENSEMBLE, HISTOGRAMS, IN_PLACE, LINES
from benchmarks.studies.legacy_networks_table import DEFAULT, Trained, default_stacks, interval

HEAD: Final = ("", "seeds", "AUC", "MDR at FPR 1 %", "MDR at FPR 5 %", "compared with", "AUC, less that",
               "MDR at FPR 1 %, less that", "MDR at FPR 5 %, less that", "CPU seconds")  # fmt: skip
MEASURES: Final = ("auc", "mdr_at_fpr_1pc", "mdr_at_fpr_5pc")
GROUPS: Final = "group_id"

BySeed = Mapping[int, Trained]


def tables(found: Sequence[Trained]) -> Iterator[str]:
    """Yield the lines of two tables: all lines, and the default with each network in the place of its own.

    Of lines that were trained with one seed at least; differences are of the seeds that both have.
    """
    by_line: dict[str, dict[int, Trained]] = {}
    for one in found:
        by_line.setdefault(one.line["entry"], {})[one.line["seed"]] = one
    stacked = {name: stack_with(by_line, name) for name in (BASE, *IN_PLACE)}
    compared = {name: (by_line[name], line.against) for name, line in LINES.items() if name in by_line}
    if stacked[BASE]:
        compared[DEFAULT] = (stacked[BASE], HISTOGRAMS)
    yield from _table((name, mine, against, by_line.get(against, {})) for name, (mine, against) in compared.items())
    if stacked[BASE]:
        yield ""
        others = ((f"{DEFAULT}, its network {name}", stacked[name]) for name in IN_PLACE if stacked[name])
        yield from _table((name, mine, DEFAULT, stacked[BASE]) for name, mine in others)


def stack_with(by_line: Mapping[str, BySeed], network: str) -> dict[int, Trained]:
    """Return the default of each seed with the network of a line in the place of its own."""
    members = [*by_line.get(ENSEMBLE, {}).values(), *by_line.get(HISTOGRAMS, {}).values()]
    members += [replace(one, line={**one.line, "entry": BASE}) for one in by_line.get(network, {}).values()]
    return {one.line["seed"]: one for one in default_stacks(members)}


def _table(lines: Iterable[tuple[str, BySeed, str, BySeed]]) -> Iterator[str]:
    yield f"| {' | '.join(HEAD)} |"
    yield "|---" * len(HEAD) + "|"
    for name, mine, against, other in lines:
        yield f"| {' | '.join((name, *_cells(mine, against, {} if against == name else other)))} |"


def _cells(mine: BySeed, against: str, other: BySeed) -> Iterator[str]:
    """Yield the cells of a line behind its name."""
    rows = _tests(mine, sorted(mine))
    yield str(len(rows))
    for measure in MEASURES:
        yield _shown(measure, interval(measure, rows, GROUPS).value)
    both = sorted(set(mine) & set(other))
    yield against if both else "-"
    for measure in MEASURES:
        yield _gain(measure, _tests(mine, both), _tests(other, both)) if both else "-"
    seconds = [one.line["cpu_seconds"] for one in mine.values() if "cpu_seconds" in one.line]
    yield f"{sum(seconds) / len(seconds):.0f}" if seconds else "-"


def _gain(measure: str, mine: Sequence[pd.DataFrame], other: Sequence[pd.DataFrame]) -> str:
    """Return the difference of two lines' means over seeds with its interval over groups."""
    gain = interval(measure, mine, GROUPS, other)
    value, low, high = (_shown(measure, number, "+") for number in (gain.value, gain.low, gain.high))
    return f"{value} ({low} to {high})"


def _tests(trained: BySeed, seeds: Sequence[int]) -> list[pd.DataFrame]:
    return [trained[seed].parts["test"] for seed in seeds]


def _shown(measure: str, value: float, sign: str = "") -> str:
    """Return an AUC with four decimals, a rate in per cent with one."""
    return f"{value:{sign}.4f}" if measure == "auc" else f"{100 * value:{sign}.1f}"
