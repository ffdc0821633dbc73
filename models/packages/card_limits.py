"""Where a package ends, in words, from the figures of its training and validation rows.

Tested by tests/models/packages/test_card_limits.py.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from models.packages.card_figures import JUDGED, SEEN
from pipeline.metrics import STRATA
from pipeline.metrics.weak_strata import WeakStratum, weak_strata

LEAST_ROWS: Final = 30
"""Rows of a class that a stratum needs to be called weak; the test is exact, so that few rows only find less."""

MOST_WEAK: Final = 8
_CLASS: Final = {"recall": "real", "fpr": "bogus"}
_SMALL_IS_FAINT: Final = {"snr": "a signal to noise of"}
_LARGE_IS_FAINT: Final = {"magnitude": "magnitude"}


def strata_section(package: Mapping[str, Any]) -> str:
    """Return the table of recall and false positive rate by stratum; empty where none are known.

    Parameters
    ----------
    package : mapping
        Content of ``package.json``.
    """
    judged = package.get(JUDGED)
    if not judged:
        return ""
    judging = "Out-of-fold" if package.get("recipe", {}).get("calibration_folds") else "Validation"
    lines = [
        "## How it judges by stratum",
        "",
        f"{judging} rows at the threshold in use, which was chosen on them; {judged['level']:.0%} intervals, in which "
        "an object counts once.",
        "",
        "| | reals | recall | bogus | called real |",
        "|---|---|---|---|---|",
        _line("all", judged["whole"]),
    ]
    for column, rows in judged["strata"].items():
        lines += [_line(f"{STRATA[column].title}: {row['stratum']}", row) for row in rows]
    return "\n".join(lines)


def known_limits(package: Mapping[str, Any]) -> list[str]:
    """Return what figures say of where a package ends, a sentence each; empty where there are no figures.

    Parameters
    ----------
    package : mapping
        Content of ``package.json``.
    """
    return [*_of_strata(package.get(JUDGED)), *_of_training(package.get(SEEN), package["input"])]


def _line(name: str, row: Mapping[str, Any]) -> str:
    shares = [_share(row, rate) or "-" for rate in ("recall", "fpr")]
    return f"| {name} | {row['n_real']} | {shares[0]} | {row['n_bogus']} | {shares[1]} |"


def _share(row: Mapping[str, Any], rate: str) -> str:
    """Return a rate with its interval; empty where there is none."""
    if row[rate] is None:
        return ""
    return f"{row[rate]:.3f} ({row[f'{rate}_low']:.3f} to {row[f'{rate}_high']:.3f})"


def _of_strata(judged: Mapping[str, Any] | None) -> Iterator[str]:
    if not judged:
        return
    whole = {rate: judged["whole"][rate] for rate in _CLASS}
    if None in whole.values():
        return
    by_place = {(name, row["stratum"]): row for name, rows in judged["strata"].items() for row in rows}
    rows = [{"column": name, **_tested(row)} for (name, _), row in by_place.items()]
    weak = weak_strata(rows, recall=whole["recall"], fpr=whole["fpr"], least_rows=LEAST_ROWS)
    for one in weak[:MOST_WEAK]:
        yield _weakness(one, by_place[one.column, one.stratum], judged)
    if len(weak) > MOST_WEAK:
        yield f"{len(weak) - MOST_WEAK} more strata are worse than the whole beyond chance: see the table above."
    if not weak:
        yield (
            f"In no stratum of {LEAST_ROWS} validation rows of a class or more is it worse than on the whole beyond "
            "chance; smaller strata were not tested."
        )


def _tested(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: float("nan") if value is None else value for key, value in row.items()}


def _weakness(weak: WeakStratum, row: Mapping[str, Any], judged: Mapping[str, Any]) -> str:
    where, name = _where(weak, row, judged["strata"][weak.column]), _CLASS[weak.rate]
    counts = f"{row[f'n_{name}']} rows"
    whole = f"of all {judged['whole'][f'n_{name}']} it is {weak.whole:.3f}"
    if weak.rate == "recall":
        return f"{where} recall falls to {_share(row, 'recall')}, {counts}; {whole}."
    return f"{where} the share of bogus that it calls real rises to {_share(row, 'fpr')}, {counts}; {whole}."


def _where(weak: WeakStratum, row: Mapping[str, Any], rows: list[Mapping[str, Any]]) -> str:
    """Return in words which rows a stratum holds; of the faintest bin, its bright end alone."""
    column = weak.column
    known = [one for one in rows if one["bin_low"] is not None]
    if column in _SMALL_IS_FAINT and known and row is known[0]:
        return f"Below {_SMALL_IS_FAINT[column]} {row['bin_high']:.3g}"
    if column in _LARGE_IS_FAINT and known and row is known[-1]:
        return f"Fainter than {_LARGE_IS_FAINT[column]} {row['bin_low']:.4g}"
    return f"{STRATA[column].title} {weak.stratum}:"


def _of_training(seen: Mapping[str, Any] | None, contract: Mapping[str, Any]) -> Iterator[str]:
    least = contract.get("size_pixel_min") or contract["size_pixel"]
    scale = contract.get("pixel_scale_arcsec")
    sampling = "a pixel scale that is not known" if scale is None else f"pixels of {scale:g} arcsec"
    if not seen:
        return
    fwhm = f" and a FWHM of {_span(seen['fwhm_pixel'])} pixels" if "fwhm_pixel" in seen else ""
    yield (
        f"The smallest cutout that it takes is {least} x {least} pixels; it learned from {sampling}{fwhm}, and other "
        "sampling is untested."
    )
    if "nights" in seen:
        yield _nights(seen["nights"], seen["first_night"], seen["last_night"])
    for column, several in (("band", "bands"), ("detector", "detectors")):
        if column in seen:
            yield _listed(several, seen[column])
    ranges = [
        f"{name} {_span(seen[key])}"
        for key, name in (("magnitude", "magnitudes"), ("snr", "a signal to noise of"))
        if key in seen
    ]
    if ranges:
        yield (
            f"What it learned as real had {' and '.join(ranges)} (first to last percentile); beyond these it guesses."
        )


def _nights(count: int, first: str, last: str) -> str:
    several = f"{count} nights ({first} to {last})" if count > 1 else f"1 night ({first})"
    return f"It learned from {several}: other seasons are untested."


def _listed(several: str, counts: Mapping[str, int]) -> str:
    names = sorted(counts, key=lambda name: -counts[name])
    some = ", ".join(f"{name} ({counts[name]})" for name in names[:12]) + (", ..." if len(names) > 12 else "")
    return f"Rows by {several} that it learned from: {some}; others are untested."


def _span(ends: list[float]) -> str:
    return f"{ends[0]:.3g} to {ends[1]:.3g}"
