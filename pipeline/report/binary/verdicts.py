"""What the page of a report tells of verdicts: which share is asked about, and whether the promise is kept."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.metrics.binning import STRATA
from pipeline.report.binary.numbers import BinaryNumbers, PromiseNumbers
from pipeline.report.wording import NONE, per_cent

KEPT = {True: "kept", False: "broken", None: NONE}


def verdict_tables(numbers: BinaryNumbers, signs: Mapping[str, str]) -> Iterator[dict[str, object]]:
    """Yield of each model with verdicts its name, its promise in words, and its rows in words.

    Parameters
    ----------
    numbers : BinaryNumbers
        The content of metrics.json.
    signs : mapping of str to str
        What the signs of a difference are called.
    """
    for model, told in numbers["models"].items():
        if "verdicts" in told:
            rows = [_row(row, signs) for row in told["verdicts"]["coverage"]]
            yield {"model": model, "promise": promise_words(told["verdicts"]["promise"]), "rows": rows}


def promise_words(promise: PromiseNumbers | None) -> str:
    """Return in one sentence what was promised of verdicts."""
    if promise is None:
        return "What was promised of these verdicts is not known, so that they are not judged."
    of_whom = "each class" if promise["by_class"] else "all rows together"
    rows = promise["rows"]
    at = ""
    if promise["base_rate"] is not None:
        at = f" where {per_cent(promise['base_rate'])} are real, which these rows are not, so that they are not judged"
    return (
        f"At most {per_cent(promise['error'])} of {of_whom} are called the other class{at}. The limits come from "
        f"{rows['bogus']} bogus and {rows['real']} real validation rows."
    )


def _row(row: Mapping[str, Any], signs: Mapping[str, str]) -> dict[str, object]:
    is_stratum = row["column"] in STRATA
    name = signs.get(row["stratum"], row["stratum"]) if row["column"] == "flux_sign" else row["stratum"]
    return {
        "what": f"{STRATA[row['column']].title}: {name}" if is_stratum else name,
        "n": row["n"],
        "asked": per_cent(row["asked"]),
        "coverage": {"value": per_cent(row["coverage"]), "spread": _span(row["coverage_low"], row["coverage_high"])},
        "expected": _span(row["expected_low"], row["expected_high"]) or NONE,
        "kept": KEPT[row["kept"]],
    }


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{per_cent(low)} to {per_cent(high)}"
