"""Caveats of reports of all kinds: what a reader must know before quoting a number, one sentence each.

Tested by tests/pipeline/report/binary/test_caveats.py.
"""

from collections.abc import Mapping, Sequence

from pipeline.datasets.leakage import BY_TABLE, Separation
from pipeline.report.metrics_json import CountNumbers, ReportNumbers
from pipeline.report.wording import count
from pipeline.scores.unlike_training import unlike_words

FEW_GROUPS = 30


def of_training_rows(numbers: ReportNumbers) -> list[str]:
    """Return whether the classifier is judged on rows that it was trained on."""
    if numbers["judged_part"] != "train":
        return []
    return ["The classifier was trained on these rows: the figures flatter it and are no test of it."]


def of_rows(numbers: ReportNumbers, counts: CountNumbers) -> list[str]:
    """Return what is wrong with the rows themselves: unlike those learned from, learned from, overlapping.

    Parameters
    ----------
    numbers : ReportNumbers
        The numbers of the report.
    counts : CountNumbers
        ``counts`` of these.
    """
    unlike = numbers.get("unlike_training", {})
    return _unlike(unlike) + _learned(counts, unlike) + _overlaps(numbers["separations"])


def of_few_groups(counts: CountNumbers) -> list[str]:
    """Return whether there are too few independent groups for the intervals."""
    if counts["judged_groups"] >= FEW_GROUPS:
        return []
    return [f"There are only {counts['judged_groups']} independent groups: the intervals are rough."]


def of_sources(counts: CountNumbers) -> list[str]:
    """Return by whom or what the rows of each class were labelled."""
    lists = [
        f"{name} by {', '.join(f'{source} ({count(n)})' for source, n in sources.items())}"
        for name, sources in counts["label_sources"].items()
        if sources
    ]
    return [f"Labels: {'; '.join(lists)}. The figures measure agreement with these labels."] if lists else []


def of_rows_not_scored(counts: CountNumbers) -> list[str]:
    """Return how many rows could not be scored."""
    if not counts["not_scored_in_part"]:
        return []
    return [
        f"{counts['not_scored_in_part']} rows of this part, {counts['labelled_not_scored']} of them labelled, "
        "could not be scored and are not included in any figure."
    ]


def separated(separations: Sequence[Mapping[str, object] | None]) -> list[str]:
    """Return, for each data set, how its parts were kept from sharing pixels, and what that cost."""
    names = [f"Fold {fold}" for fold in range(len(separations))]
    names = ["Data set"] if len(names) == 1 else names
    stated = zip(names, separations, strict=True)
    return [f"{name}: {Separation.from_facts(facts).words()}." for name, facts in stated if facts]


def _unlike(unlike_training: Mapping[str, Mapping[str, Mapping[str, str | float]]]) -> list[str]:
    """Return which models scored cutouts of another survey or pixel scale than they learned from."""
    return [
        f"{model}: {unlike_words(unlike)}. The figures are for the cutouts that were scored; its threshold and its "
        "probabilities were set with those that it learned from."
        for model, unlike in unlike_training.items()
    ]


def _learned(counts: CountNumbers, unlike: Mapping[str, Mapping[str, Mapping[str, str | float]]]) -> list[str]:
    """Return which rows were left out because a model learned from them, and of which rows that cannot be known."""
    words = []
    for model, parts in counts["left_out_learned"].items():
        trained = unlike.get(model, {}).get("survey", {}).get("trained")
        why = (
            f"because candidates of survey {trained} that it learned from have the same ids; if both surveys number "
            "their candidates alike, these may be different ones"
            if trained
            else "because it learned from them"
        )
        words.append(
            f"{model}: {parts['train']} training and {parts['validation']} validation rows were left out {why}."
        )
    unknown = [f"{model} ({count} rows)" for model, count in counts["perhaps_learned"].items()]
    if unknown:
        words.append(
            f"Whether the classifier learned from these rows cannot be known for {', '.join(unknown)}: if it did, the "
            "figures flatter it. Name its package with --packages or its data set with --rows, and such rows are left "
            "out."
        )
    return words


def _overlaps(separations: Sequence[Mapping[str, object] | None]) -> list[str]:
    """Return for which rows it is not known whether the parts of the data sets share pixels."""
    known = [Separation.from_facts(facts) for facts in separations if facts]
    words = []
    if len(known) < len(separations):
        words.append(
            "The data set does not say whether cutouts of its training rows overlap those of the judged rows: if they "
            "do, the figures flatter the classifier. Build it again with BuildDataset."
        )
    unplaced = sum(one.unplaced for one in known if one.divided_by != BY_TABLE)
    if unplaced:
        words.append(
            f"{unplaced} rows of the data set state neither their position on the sky nor their pixel on an image: it "
            "is not known whether their cutouts overlap those of another part."
        )
    return words
