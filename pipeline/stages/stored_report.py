"""Reports that are there: their numbers, the scores that they were made of, and rules to hold them against.

Tested by tests/pipeline/stages/test_compare_models.py.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

from pipeline.errors import InputError, MissingInputError, UnknownNameError
from pipeline.io import settings_files
from pipeline.io.results.scores_file import scores_provenance
from pipeline.report.binary.gate_rules import GateRules
from pipeline.report.binary.numbers import BinaryNumbers


def read_numbers(report: str | Path) -> BinaryNumbers:
    """Return the numbers of a report of real and bogus.

    Raises
    ------
    MissingInputError, InputError
        If the folder has none, or they are of another kind of report.
    """
    file = Path(report) / "metrics.json"
    if not file.is_file():
        raise MissingInputError(f"{report} is no report: it has no metrics.json")
    numbers = json.loads(file.read_text(encoding="utf-8"))
    if kind := numbers.get("kind"):
        raise InputError(f"{report} is a report of kind {kind!r}; allowed: a report of real and bogus")
    return cast("BinaryNumbers", numbers)


def named_rules(name: str) -> GateRules:
    """Return the rules of a gate by name, a file of ``config/gates``, or by the path of one anywhere.

    Raises
    ------
    MissingInputError
        If there is no such file.
    """
    if name.endswith(".yaml") or "/" in name:
        path = Path(name)
        if not path.is_file():
            raise MissingInputError(f"no file {name}; --rules takes the name or the path of a file of rules")
        with settings_files.beside("gates", path) as found:
            return settings_files.load("gates", found, GateRules)
    return settings_files.load("gates", name, GateRules)


@dataclass(frozen=True, kw_only=True)
class StoredReport:
    """A model of a report of `PlotResults`, with the files that the report was made of.

    Attributes
    ----------
    folder : Path
        The report.
    numbers : BinaryNumbers
        Its metrics.json.
    model : str
        One of its models whose scores a task made.
    fingerprint : str
        That of the report.
    inputs : mapping of str to str
        Places of what the report was made of, below the data folder.
    """

    folder: Path
    numbers: BinaryNumbers
    model: str
    fingerprint: str
    inputs: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path, model: str = "") -> Self:
        """Return a model of a report; the judged classifier if none is named.

        Parameters
        ----------
        folder : Path
            The report.
        model : str
            One of its models.

        Raises
        ------
        MissingInputError, InputError
            If it is no report of real and bogus that a task made of scores.
        UnknownNameError
            If it has no scores of the model.
        """
        numbers = read_numbers(folder)
        file = folder / "provenance.json"
        record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        inputs = {str(name): str(place) for name, place in record.get("inputs", {}).items()}
        known = [name.removeprefix("scores ") for name in inputs if name.startswith("scores ")]
        if not known:
            raise InputError(
                f"{folder} does not say which scores it was made of; allowed: a report that PlotResults made of "
                "trained classifiers, without --scores"
            )
        named = model or numbers["classifier"]
        if named not in known or named not in numbers["models"]:
            raise UnknownNameError(f"model of the report {folder}", named, known)
        fingerprint = str(record.get("fingerprint", ""))
        return cls(folder=folder, numbers=numbers, model=named, fingerprint=fingerprint, inputs=inputs)

    def scores(self, data: Path) -> Path:
        """Return the scores file of the model, below the data folder.

        Raises
        ------
        MissingInputError
            If it is gone.
        """
        place = self.inputs[f"scores {self.model}"]
        if not (data / place).is_file():
            raise MissingInputError(f"{self.folder} was made of {place}, which is not in {data}; make the report again")
        return data / place

    def rows(self, data: Path) -> list[Path]:
        """Return the data sets whose rows were scored.

        Raises
        ------
        MissingInputError
            If one is gone, or the scores do not say.
        """
        found = list(dict.fromkeys(_places(self.scores(data), data, "rows")))
        absent = [place for place in found if not (data / place).is_file()]
        if absent or not found:
            said = f"{absent[0]}, which is not in {data}" if absent else "rows that it does not name"
            raise MissingInputError(f"{self.folder} was made of {said}; make the report again")
        return [data / place for place in found]

    def package(self, data: Path) -> Path:
        """Return the package that made the scores.

        Raises
        ------
        InputError
            If there are several, one per fold, or none is named.
        """
        found = list(dict.fromkeys(_places(self.scores(data), data, "package")))
        if len(found) != 1:
            raise InputError(f"the scores of {self.folder} are of {len(found)} packages; allowed for a night: of one")
        return data / found[0]


def _places(scores: Path, data: Path, what: str) -> list[str]:
    """Return an input of scores by name, or that of the scores which were joined into them, one per fold."""
    inputs = scores_provenance(scores).get("inputs", {})
    if what in inputs:
        return [str(inputs[what])]
    folds = [data / str(place) for name, place in inputs.items() if str(name).startswith("fold ")]
    return [place for fold in folds if fold.is_file() for place in _places(fold, data, what)]
