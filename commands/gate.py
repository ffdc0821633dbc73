"""``nightsift gate``: whether a report lets its classifier go live, with the reason for each rule.

Tested by tests/commands/test_gate.py.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

from pipeline.errors import MissingInputError
from pipeline.redaction import shown
from pipeline.report.binary.gate import Champion, Finding, judge, may_go_live
from pipeline.stages.stored_report import named_rules, read_numbers

REFUSED: Final = 3
"""Exit code of a refusal, so that a script can tell it from a fault."""


def gate(report: str, rules: str, champion: str, as_json: bool) -> int:
    """Print what each rule says of a report; return 0 to promote and 3 to refuse.

    Parameters
    ----------
    report : str
        A folder of PlotResults, of real and bogus.
    rules : str
        Name of a file of ``config/gates``, or the path of one anywhere.
    champion : str
        The classifier that serves now: a model of the report, or the folder of a report on the same rows; empty: none.
    as_json : bool
        Whether to print one JSON object instead of lines.
    """
    numbers = read_numbers(report)
    findings = judge(numbers, named_rules(rules), _champion(champion))
    live = may_go_live(findings)
    if as_json:
        told = {"classifier": numbers["classifier"], "promote": live, "findings": [asdict(one) for one in findings]}
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(numbers["classifier"], findings))
    return 0 if live else REFUSED


def _lines(classifier: str, findings: list[Finding]) -> list[str]:
    """Return one line for each finding, the refusals first, and the verdict."""
    order = {"refuse": 0, "warn": 1, "pass": 2}
    told = [
        f"{one.verdict:<6}  {one.rule}: {shown(one.words)}" for one in sorted(findings, key=lambda x: order[x.verdict])
    ]
    refused = sum(one.verdict == "refuse" for one in findings)
    verdict = f"refuse: {refused} of {len(findings)} findings keep {classifier} from going live"
    return [*told, verdict if refused else f"promote: {classifier} keeps all rules"]


def _champion(named: str) -> Champion | None:
    if not named:
        return None
    if (Path(named) / "metrics.json").is_file():
        numbers = read_numbers(named)
        return Champion(name=numbers["classifier"], numbers=numbers)
    if "/" in named:
        raise MissingInputError(f"the champion {named} is no report: it has no metrics.json")
    return Champion(name=named)
