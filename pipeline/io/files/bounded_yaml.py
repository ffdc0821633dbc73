"""Reads YAML safely: no tag makes an object, and nesting, size and repetition by anchors are limited.

An anchor takes a few bytes and means a whole tree; a dozen of them, each of which repeats the one before nine times,
mean 10^12 values to a program that walks through them.
"""

from collections.abc import Hashable
from typing import IO, Final, cast

import yaml

from pipeline.errors import SettingsError

DEEPEST: Final = 40
"""Lists and mappings within each other; the deepest of the project's own settings have six."""

MOST_VALUES: Final = 50_000
"""Keys and values of a file, with what anchors repeat: the nights of a century are 36,525."""

LARGEST_BYTES: Final = 2_000_000
_MERGE: Final = "tag:yaml.org,2002:merge"


class BoundedLoader(yaml.SafeLoader):
    """Safe YAML that ends at `DEEPEST` and `MOST_VALUES`, and refuses a key that appears twice."""

    def __init__(self, stream: str | bytes | IO[str] | IO[bytes]) -> None:
        super().__init__(stream)
        self._depth = self._values = 0
        self._values_of: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return a node, counted with all below it; what an alias repeats counts each time."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # types-PyYAML gives it none
        if isinstance(event, yaml.AliasEvent):
            node = super().compose_node(parent, index)
            if id(node) not in self._values_of:
                raise _refused(f"{event.anchor!r} contains itself", event)
            self._count(self._values_of[id(node)], event)
            return node
        before, self._depth = self._values, self._depth + 1
        if self._depth > DEEPEST:
            raise _refused(f"lists and mappings are nested more than {DEEPEST} deep", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._count(1, event)
        self._values_of[id(node)] = self._values - before
        return node

    def _count(self, more: int, event: yaml.Event) -> None:
        self._values += more
        if self._values > MOST_VALUES:
            raise _refused(f"there are more than {MOST_VALUES:,} values, with those that anchors repeat", event)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        """Refuse a key that appears twice, of which YAML would silently take the last."""
        seen: set[object] = set()
        for key in [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != _MERGE]:
            if not isinstance(key, Hashable):
                continue  # which yaml itself refuses
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} appears twice", node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str, where: str, loader: type[BoundedLoader] = BoundedLoader) -> object:
    """Return what a YAML text says.

    Parameters
    ----------
    text : str
        At most `LARGEST_BYTES` characters.
    where : str
        The file's name, for the message.
    loader : type, optional
        A loader with further rules.

    Raises
    ------
    SettingsError
        If it is not YAML, a value does not fit its tag, or it is too large, too deep or repeats too much; line
        and column are named.
    """
    if len(text) > LARGEST_BYTES:
        raise SettingsError(f"{where} has {len(text):,} characters; allowed: {LARGEST_BYTES:,}")
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506  (a SafeLoader)
    except Exception as error:  # beside its own errors, yaml raises whatever int(), float() or a table of words does
        raise SettingsError(f"{where} is not valid YAML: {_said(error)}") from None


def _refused(what: str, event: yaml.Event) -> yaml.YAMLError:
    """Return the error that says what is wrong, and where."""
    return yaml.composer.ComposerError(None, None, what, cast("yaml.Mark", event.start_mark))


def _said(error: Exception) -> str:
    """Return what is wrong with a YAML file and where, without the line itself, which may hold a secret."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return " ".join(f"{'' if isinstance(error, yaml.YAMLError) else type(error).__name__} {error}".split())
    said = ", ".join(filter(None, (error.context, error.problem)))
    mark = error.problem_mark or error.context_mark
    return f"{said} in line {mark.line + 1}, column {mark.column + 1}" if mark else said
