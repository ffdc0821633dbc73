"""What a survey's settings say of the context of its candidates.

Tested by tests/pipeline/surveys/test_context_settings.py.
"""

from collections.abc import Iterable

from pipeline.context.names import CONTEXT_COLUMNS
from pipeline.surveys.table_settings import TABLE


def context_names(context: bool | tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that the key ``context`` asks for, in the order of `CONTEXT_COLUMNS`.

    Examples
    --------
    >>> context_names(("pixel_repeats", "line_significance"))
    ('line_significance', 'pixel_repeats')
    >>> context_names(False)
    ()
    """
    if isinstance(context, bool):
        return CONTEXT_COLUMNS if context else ()
    return tuple(name for name in CONTEXT_COLUMNS if name in context)


def context_faults(context: bool | tuple[str, ...], kind: str, metadata: Iterable[str]) -> list[str]:
    """Return what is wrong with the key ``context`` of a survey.

    Parameters
    ----------
    context : bool or tuple of str
        Its value.
    kind : str
        The survey's ``kind``.
    metadata : iterable of str
        The names of the columns that its ``metadata`` keeps.
    """
    if kind == TABLE and context:
        return ["context is given, and a table has no exposures: leave it out"]
    named = () if isinstance(context, bool) else context
    faults = [
        f"context names {name!r}; allowed: true, or a list of {', '.join(CONTEXT_COLUMNS)}"
        for name in named
        if name not in CONTEXT_COLUMNS
    ]
    both = sorted(set(context_names(context)) & set(metadata))
    return faults + [f"metadata and context both name {name!r}; leave it out of one" for name in both]
