"""The caveats of the report of a regressor, from its numbers.

Tested by tests/pipeline/report/regression/test_page.py.
"""

from pipeline.report.caveats import of_few_groups, of_rows, of_rows_not_scored, of_sources, of_training_rows
from pipeline.report.regression.numbers import RegressionNumbers
from pipeline.report.wording import number, per_cent

POOR_PIT = 0.05
"""From this distance of PIT values on, probabilities of redshifts must not be taken as they are."""

FAR_APART = 1.5
"""A part whose scatter is smaller than that of the judged one by more than this factor was learned by heart."""


def regression_caveats(numbers: RegressionNumbers) -> list[str]:
    """Return what a reader must know before quoting a number, one sentence each, the gravest first.

    Parameters
    ----------
    numbers : RegressionNumbers
        From `pipeline.report.regression.measures.measure_regression`.
    """
    counts, words = numbers["counts"], of_training_rows(numbers)
    if numbers["judged_part"] == "validation":
        words.append(
            "There are no test rows: these are validation rows, on which distributions and intervals were calibrated, "
            "and the figures flatter the regressor."
        )
    words += of_rows(numbers, counts) + of_few_groups(counts)
    words += _coverage(numbers) + _calibration(numbers) + _overfitted(numbers) + of_sources(counts)
    words.append(
        "The figures hold for galaxies like these; where no spectra are, such as at faint magnitudes, they say nothing."
    )
    return words + of_rows_not_scored(counts)


def _coverage(numbers: RegressionNumbers) -> list[str]:
    found = numbers["models"][numbers["classifier"]]["coverage"].get(numbers["judged_part"])
    if found is None or found["coverage_low"] is None or found["coverage_high"] is None:
        return []
    if found["kept"] is not False:
        return []
    return [
        f"The intervals hold {per_cent(found['coverage'])} of the targets ({per_cent(found['coverage_low'])} to "
        f"{per_cent(found['coverage_high'])}), where {per_cent(found['promised'])} were promised, which is hardly "
        "chance: the judged rows are not like those that calibrated them."
    ]


def _calibration(numbers: RegressionNumbers) -> list[str]:
    distance = numbers["models"][numbers["classifier"]]["metrics"]["pit_ks"]
    if distance["low"] is None or distance["low"] <= POOR_PIT:
        return []
    return [
        f"PIT values are {number(distance['value'])} from uniform: do not take the probabilities of redshifts as they "
        "are."
    ]


def _overfitted(numbers: RegressionNumbers) -> list[str]:
    model = numbers["models"][numbers["classifier"]]
    own, train = model["metrics"]["sigma_nmad"]["value"], model["parts"].get("train")
    learned = None if train is None else train["metrics"]["sigma_nmad"]["value"]
    if not own or not learned or own / learned <= FAR_APART:
        return []
    return [
        f"The scatter of the training rows is {number(learned, 4)}, that of the judged rows {number(own, 4)}: the "
        "regressor knows its training rows by heart, and more rows or a smaller model may help."
    ]
