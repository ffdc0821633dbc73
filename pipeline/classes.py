"""Codes of labels and parts, the label sources whose rows are for training only, and what a stack is called.

Tested by tests/pipeline/surveys/test_settings.py.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

BOGUS: Final = 0
REAL: Final = 1
UNLABELLED: Final = -1
"""Codes of the column ``label``: an artefact, a real source, and a row that nobody has labelled."""

CLASS_NAMES: Final = ("bogus", "real")
"""The names of the two classes, at the index of their codes; a score is the probability of the second."""

ASK: Final = "ask"
"""What the column ``verdict`` of scores says, in place of a class, of a row that a person has to look at."""

MEASURED: Final = ("measured",)
"""The only class of a survey with a target: label 0 says that the target of a row is known."""

LABEL_NAMES: Final[Mapping[int, str]] = MappingProxyType({REAL: "real", BOGUS: "bogus", UNLABELLED: "none"})
"""What the labels are called in settings and messages."""

TRAIN: Final = 0
VALIDATION: Final = 1
TEST: Final = 2
LEFT_OUT: Final = -1
"""Codes of the column ``split``: the parts of a data set, and rows in none of them, such as those of a night."""

PARTS: Final[Mapping[str, int]] = MappingProxyType({"train": TRAIN, "validation": VALIDATION, "test": TEST})
"""Code of each part of a data set."""

PART_NAMES: Final[Mapping[int, str]] = MappingProxyType({code: name for name, code in PARTS.items()})
"""Name of each code of a part."""

GIVEN_PART: Final = "part"
"""Column among a survey's ``metadata`` that states the part of a row by its code, for data sets divided by it."""

LEARNED_PARTS: Final = ("train", "validation")
"""Parts from which a classifier learns: weights from the first, calibration and threshold from the second."""

TEACHER: Final = "teacher"
"""Label source of rows that another classifier labelled."""

BOGUS_DRAW: Final = "bogus_draw"
"""Label source of rows that were drawn from unlabelled ones and count as bogus."""

UNSEEN: Final = "unlabelled"
"""Label source of all unlabelled rows that a data set counts as bogus."""

SELF_MADE: Final = "self_made"
"""Label source of artefacts that the simulation made."""

INJECTED: Final = "injected"
"""Label source of transients that the simulation injected; the kinds of such rows begin with this word as well."""

GUESSED_SOURCES: Final = (TEACHER, BOGUS_DRAW, UNSEEN)
"""Label sources that may teach a classifier but never stop, calibrate or set a threshold, unless its recipe says so."""

TRAINING_ONLY_SOURCES: Final = (*GUESSED_SOURCES, SELF_MADE, INJECTED)
"""Label sources that never enter validation or test, unless the recipe of the data set says so.

`UNSEEN` never does, whatever the recipe says.
"""

NO_JUDGEMENT_SOURCES: Final = frozenset(TRAINING_ONLY_SOURCES) - {TEACHER}
"""Label sources of rows that neither a person nor a classifier looked at."""

REGRESSOR: Final = "regressor"
"""``family`` of the package of a regressor, which gives distributions of a number and no class."""

STACK: Final = "stack"
"""``classifier`` of the recipe and ``family`` of the package of several classifiers whose logits are added up."""

MOST_CLASSES: Final = 127
"""Labels are kept as int8, -1 among them."""

RESERVED_NAMES: Final = ("none", "nan", "unlabelled")
"""What no class may be called, in any case: it would read as a row without a label."""

_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d*)?")


def are_real_and_bogus(class_names: Sequence[str]) -> bool:
    """Return whether classes are those of difference images, which reports and pages tell in words of their own.

    Parameters
    ----------
    class_names : sequence of str
        Names of the classes at the index of their codes.

    Examples
    --------
    >>> are_real_and_bogus(["Bogus", "Real"]), are_real_and_bogus(["galaxy", "star"])
    (True, False)
    """
    return tuple(name.lower() for name in class_names) == CLASS_NAMES


def label_names(class_names: Sequence[str] = CLASS_NAMES) -> Mapping[int, str]:
    """Return what each label is called, ``none`` for no label.

    Parameters
    ----------
    class_names : sequence of str
        Names of the classes at the index of their codes.

    Examples
    --------
    >>> dict(label_names(["Others", "ELG", "LRG"]))
    {0: 'Others', 1: 'ELG', 2: 'LRG', -1: 'none'}
    """
    if tuple(class_names) == CLASS_NAMES:
        return LABEL_NAMES
    return MappingProxyType({**dict(enumerate(class_names)), UNLABELLED: LABEL_NAMES[UNLABELLED]})


def label_values(class_names: Sequence[str] = CLASS_NAMES) -> dict[str, int]:
    """Return the label that each text means, in lower case: names of classes, codes, ``none`` and nothing.

    Parameters
    ----------
    class_names : sequence of str
        Names of the classes at the index of their codes.

    Examples
    --------
    >>> label_values(["star", "Galaxy"])["galaxy"], label_values()["-1"]
    (1, -1)
    """
    names = label_names(class_names)
    return {
        "": UNLABELLED,
        **{str(code): code for code in names},
        **{name.lower(): code for code, name in names.items()},
    }


def allowed_labels(class_names: Sequence[str] = CLASS_NAMES) -> str:
    """Return in words what a label may be.

    Parameters
    ----------
    class_names : sequence of str
        Names of the classes at the index of their codes.

    Examples
    --------
    >>> allowed_labels()
    '1 (real), 0 (bogus), -1 (none), real, bogus, none, nothing (none)'
    """
    names = label_names(class_names)
    codes = [f"{code} ({name})" for code, name in names.items()]
    return ", ".join([*codes, *names.values(), "nothing (none)"])


def codes_of(theirs: Sequence[str], ours: Sequence[str]) -> dict[int, int]:
    """Return our code for each of another table's classes that has a namesake here, in any case.

    Classes that are only numbered (``0``, ``1``, ...) are those of our table with these codes.

    Parameters
    ----------
    theirs, ours : sequence of str
        Names of the classes at the index of their codes.

    Examples
    --------
    >>> codes_of(["Spiral", "edge-on", "merger"], ["elliptical", "spiral", "edge-on"])
    {0: 1, 1: 2}
    >>> codes_of(["0", "1", "2"], ["star", "galaxy"])
    {0: 0, 1: 1}
    """
    if all(name.isdigit() for name in theirs):
        return {code: code for code in range(min(len(theirs), len(ours)))}
    known = {name.lower(): code for code, name in enumerate(ours)}
    return {code: known[name.lower()] for code, name in enumerate(theirs) if name.lower() in known}


def class_faults(names: Sequence[str]) -> list[str]:
    """Return what is wrong with the names of a survey's classes.

    Parameters
    ----------
    names : sequence of str
        The names, the negative class first.

    Returns
    -------
    list of str
        One sentence for each fault.

    Examples
    --------
    >>> class_faults(["Others", "ELG", "LRG"])
    []
    >>> class_faults(["star", "Star"])
    ["classes name 'Star' twice (as 'star'); allowed: each once, whatever its case"]
    """
    faults: list[str] = []
    if not 2 <= len(names) <= MOST_CLASSES:
        faults.append(f"classes has {len(names)} names; allowed: 2 to {MOST_CLASSES}")
    seen: dict[str, str] = {}
    for name in names:
        if name != name.strip() or not name or not name.isprintable():
            faults.append(f"classes names {name!r}; allowed: text of one line, without blanks around it")
        elif name.lower() in RESERVED_NAMES:
            faults.append(f"classes names {name!r}, which means a row without a label; allowed: another name")
        elif _NUMBER.fullmatch(name):
            faults.append(f"classes names {name!r}, which reads as a code; allowed: a name that is no number")
        elif name.lower() in seen:
            first = seen[name.lower()]
            faults.append(
                f"classes name {name!r} twice{'' if first == name else f' (as {first!r})'}; allowed: each once, "
                "whatever its case"
            )
        seen.setdefault(name.lower(), name)
    return faults
