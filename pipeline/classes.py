"""Codes of labels and parts, the label sources whose rows are for training only, and what a stack is called.

Tested by tests/pipeline/datasets/test_choice.py.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BOGUS: Final = 0
REAL: Final = 1
UNLABELLED: Final = -1
"""Codes of the column ``label``: an artefact, a real source, and a row that nobody has labelled."""

CLASS_NAMES: Final = ("bogus", "real")
"""The names of the two classes, at the index of their codes; a score is the probability of the second."""

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

STACK: Final = "stack"
"""``classifier`` of the recipe and ``family`` of the package of several classifiers whose logits are added up."""
