"""The caveats of a report of many classes, from its numbers."""

from pipeline.report.caveats import of_few_groups, of_rows, of_rows_not_scored, of_sources, of_training_rows
from pipeline.report.classes.numbers import ClassNumbers
from pipeline.report.wording import per_cent

FEW_OF_CLASS = 30
"""With fewer groups of a class than this, its recall is known to no better than about 10 %."""

FAR_APART = 0.05
"""A part that is better than the judged one by more than this in macro F1 was learned by heart."""

POOR_CALIBRATION = 0.05
"""Above this mean gap, probabilities must not be read as shares."""


def class_caveats(numbers: ClassNumbers) -> list[str]:
    """Return what a reader must know before quoting a number, one sentence each, the gravest first.

    Parameters
    ----------
    numbers : ClassNumbers
        From `pipeline.report.classes.measures.measure_classes`.
    """
    counts, words = numbers["counts"], of_training_rows(numbers)
    if numbers["judged_part"] == "validation":
        words.append(
            "There are no test rows: these are validation rows, by which the training was stopped and the "
            "probabilities were calibrated, and the figures flatter the classifier."
        )
    words += of_rows(numbers, counts) + _classes(numbers) + of_few_groups(counts)
    words += _overfitted(numbers) + _calibration(numbers) + _mixture(numbers) + of_sources(counts)
    return words + of_rows_not_scored(counts)


def _classes(numbers: ClassNumbers) -> list[str]:
    """Return which classes have no or few judged rows, or are never called."""
    counts, words = numbers["counts"], []
    absent = [name for name, n in counts["by_class"].items() if n == 0]
    if absent and counts["judged"]:
        words.append(
            f"No judged row is of {_listed(absent)}: the figures say nothing of it, and the macro means are over the "
            "other classes. Rows of other classes that are called so count as false positives."
        )
    groups = counts["groups_by_class"]
    few = [f"{name} ({groups[name]})" for name in groups if 0 < groups[name] < FEW_OF_CLASS]
    if few:
        words.append(
            f"Few independent groups: {_listed(few)}. Their figures are rough, and macro means, in which every class "
            "has the same weight, are no better known than they are."
        )
    judged = numbers["models"][numbers["classifier"]]["classes"]
    never = [name for name, one in judged.items() if one["metrics"]["precision"]["value"] is None and one["rows"]]
    if never:
        words.append(f"No row is called {_listed(never)}, although there are such rows: its precision counts as 0.")
    return words


def _overfitted(numbers: ClassNumbers) -> list[str]:
    model = numbers["models"][numbers["classifier"]]
    own = model["metrics"]["macro_f1"]["value"]
    train = model["parts"].get("train", {"replicates": 0, "metrics": {}})["metrics"].get("macro_f1")
    if own is None or train is None or train["value"] is None or train["value"] - own <= FAR_APART:
        return []
    return [
        f"Macro F1 of the training rows is {train['value']:.3f}, that of the judged rows {own:.3f}: the classifier "
        "knows its training rows by heart, and more rows, augmentation or a smaller network may help."
    ]


def _calibration(numbers: ClassNumbers) -> list[str]:
    gap = numbers["models"][numbers["classifier"]]["metrics"]["ece"]
    if gap["low"] is None or gap["low"] <= POOR_CALIBRATION:
        return []
    return [
        f"The largest probability misses the share of right calls by {per_cent(gap['value'])} on average: do not read "
        "it as a probability, and do not choose a threshold by it alone."
    ]


def _mixture(numbers: ClassNumbers) -> list[str]:
    """Return the shares of the classes, for which precision and accuracy hold alone."""
    counts = numbers["counts"]
    if not counts["judged"]:
        return []
    shares = ", ".join(f"{name} {per_cent(n / counts['judged'])}" for name, n in counts["by_class"].items())
    return [
        f"Of these rows: {shares}. Precision, F1, accuracy and false positive rates hold for this mixture only; the "
        "recall of a class holds for any, as long as its rows here are typical of it."
    ]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
