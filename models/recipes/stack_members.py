"""Which packages a stack is made of, as its recipe says: light to import, for planning needs no more.

Tested by tests/models/recipes/test_stack.py.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal

from pipeline.classes import STACK
from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.recipes.learned_fold import MOST_LEARNED_FOLDS, LearnedFold
from pipeline.settings import parse

LOGISTIC: Final = "logistic"
MOST_SEED: Final = 2**32 - 1


@dataclass(frozen=True, kw_only=True)
class StackMember:
    """A classifier whose package is a member of a stack.

    Attributes
    ----------
    classifier : str
        Recipe of ``config/classifiers``, of any classifier but a stack.
    seed : int or None
        Seed of its training; none: each of ``seeds``, or that of the task.
    """

    classifier: str
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.seed is not None and not 0 <= self.seed <= MOST_SEED:
            raise SettingsError(f"'seed' is {self.seed}; allowed: 0 to {MOST_SEED}")


@dataclass(frozen=True, kw_only=True)
class Training:
    """One training of a member, which gives one package.

    Attributes
    ----------
    member : int
        Place of its classifier among the members of the recipe.
    classifier : str
    seed : int
    learned_fold : str
        Which part of the rows that teach validates, such as ``2/5``; empty: the validation part of the data set.
    """

    member: int
    classifier: str
    seed: int
    learned_fold: str = ""


@dataclass(frozen=True, kw_only=True)
class StackMembers:
    """The keys of a stack's recipe that decide which packages are its members, and how they are weighed.

    Attributes
    ----------
    classifier : {"stack"}
        Says that the file is of a stack.
    members : tuple of StackMember
        Its classifiers; the name of one alone stands for a mapping with nothing else. A classifier may stand twice
        with different seeds.
    combine : {"logistic", "weights"}
        ``logistic`` fits the weights of the members' logits, none below 0, on rows that no member learned from.
        ``weights`` takes yours.
    weights : tuple of float
        One for each of ``members``, at least 0; only their ratios matter. With ``weights``, empty: all alike. With
        ``logistic`` the fitted ones are drawn towards these, the more the fewer rows fit them; empty: they stand alone.
    seeds : tuple of int
        Each member is trained once with each of these seeds, and the mean of their logits is taken; empty: once.
    folds : int
        Each member is trained this often, with another part of the training and validation rows to validate, and the
        mean of their logits is taken; 2 to 100, or 0: once, with the validation part of the data set.
    """

    classifier: Literal["stack"]
    members: tuple[StackMember, ...]
    combine: Literal["logistic", "weights"] = "logistic"
    weights: tuple[float, ...] = ()
    seeds: tuple[int, ...] = ()
    folds: int = 0

    def __post_init__(self) -> None:
        faults = [*self._weight_faults(), *self._number_faults()]
        faults += [] if faults else self._count_faults()
        if faults:
            raise SettingsError("; ".join(faults))

    def trainings(self, seed: int, where: str = "recipe of a stack") -> list[Training]:
        """Return every training of the members, in the order of the recipe, then of seeds, then of folds.

        Parameters
        ----------
        seed : int
            Of the task, for members without one of their own where the recipe has no ``seeds``.
        where : str
            The recipe's file, for the message.

        Raises
        ------
        SettingsError
            If two of them are the same.
        """
        found = list(self._trainings(seed))
        for place, training in enumerate(found):
            for other in found[:place]:
                if (other.classifier, other.seed, other.learned_fold) == (
                    training.classifier, training.seed, training.learned_fold
                ):  # fmt: skip
                    raise SettingsError(
                        f"{where}: 'members' has {training.classifier} with seed {training.seed} twice; give each a "
                        "seed of its own, or leave one out"
                    )
        return found

    def _trainings(self, seed: int) -> Iterator[Training]:
        numbers = range(1, self.folds + 1)
        folds = [str(LearnedFold(number=number, count=self.folds)) for number in numbers] or [""]
        for place, member in enumerate(self.members):
            for own in (self.seeds or (seed,)) if member.seed is None else (member.seed,):
                for fold in folds:
                    yield Training(member=place, classifier=member.classifier, seed=own, learned_fold=fold)

    def _weight_faults(self) -> list[str]:
        shown = list(self.weights)
        if shown and len(shown) != len(self.members):
            return [f"'weights' is {shown}; allowed: one for each of the {len(self.members)} members"]
        if any(not weight >= 0 for weight in shown) or (shown and not 0 < sum(shown) < math.inf):
            return [f"'weights' is {shown}; allowed: numbers of at least 0 with a finite sum, one of them above 0"]
        return []

    def _number_faults(self) -> list[str]:
        faults = []
        if self.folds != 0 and not 2 <= self.folds <= MOST_LEARNED_FOLDS:
            faults.append(f"'folds' is {self.folds}; allowed: 2 to {MOST_LEARNED_FOLDS}, or 0 for none")
        if any(not 0 <= seed <= MOST_SEED for seed in self.seeds) or len(set(self.seeds)) < len(self.seeds):
            faults.append(f"'seeds' is {list(self.seeds)}; allowed: different whole numbers, 0 to {MOST_SEED}")
        return faults

    def _count_faults(self) -> list[str]:
        count = len(list(self._trainings(0)))
        if count >= 2:
            return []
        return [
            f"'members' is {[member.classifier for member in self.members]}, {count} in all; allowed: at least two, "
            "by more members, by 'seeds' or by 'folds'"
        ]


def is_stack(content: Mapping[str, object]) -> bool:
    """Tell whether the content of a file of ``config/classifiers`` is the recipe of a stack."""
    return content.get("classifier") == STACK


def with_named_members(content: Mapping[str, object]) -> dict[str, object]:
    """Return the content of a stack's file in which each member is a mapping, also if its name alone is stated."""
    members = content.get("members")
    if not isinstance(members, list):
        return dict(content)
    return {**content, "members": [{"classifier": entry} if isinstance(entry, str) else entry for entry in members]}


def read_members(name: str) -> StackMembers:
    """Return which packages the stack of a recipe is made of.

    Parameters
    ----------
    name : str
        Of the file of ``config/classifiers``.

    Raises
    ------
    SettingsError
        If they contradict each other, or a member is not there or is a stack itself.
    """
    content, known = (
        with_named_members(settings_files.raw("classifiers", name)),
        [key.name for key in fields(StackMembers)],
    )
    where = f"classifiers/{name}.yaml"
    members = parse(StackMembers, {key: value for key, value in content.items() if key in known}, where)
    faults = member_faults(members)
    if faults:
        raise SettingsError(f"{where}: {'; '.join(faults)}")
    return members


def member_faults(members: StackMembers) -> list[str]:
    """Return which members are no recipe, or one of a stack, in words."""
    faults = []
    known = settings_files.names("classifiers")
    for place, member in enumerate(members.members):
        if member.classifier not in known:
            others = [name for name in known if not is_stack(settings_files.raw("classifiers", name))]
            faults.append(f"'members[{place}]' is {member.classifier!r}; known classifiers: {', '.join(others)}")
        elif is_stack(settings_files.raw("classifiers", member.classifier)):
            faults.append(
                f"'members[{place}]' is {member.classifier!r}, which is a stack itself; allowed: classifiers that are "
                "trained; name its members instead"
            )
    return faults
