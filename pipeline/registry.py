"""Registries of what users choose by name in settings: one decorated definition each, with its metadata."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from pipeline.errors import SettingsError, UnknownNameError

T = TypeVar("T")


class Registry(Generic[T]):
    """A mapping from a name to a definition and its metadata.

    Parameters
    ----------
    what : str
        What is registered, in the singular, for error messages: ``"normalisation"``.
    homes : mapping, optional
        The module that registers each name, as ``{name: module}``. It is imported when the name is asked for, so that
        one definition does not load the libraries of all others.

    Examples
    --------
    >>> SHAPES = Registry("shape")
    >>> @SHAPES.register("disc", sides=0)
    ... def disc():
    ...     '''A round one.'''
    >>> SHAPES["disc"] is disc, SHAPES.metadata("disc")["sides"]
    (True, 0)
    >>> SHAPES["disk"]
    Traceback (most recent call last):
    ...
    pipeline.errors.UnknownNameError: unknown shape 'disk' (did you mean 'disc'?); known: disc
    """

    def __init__(self, what: str, homes: Mapping[str, str] = MappingProxyType({})) -> None:
        self.what = what
        self._homes = dict(homes)
        self._entries: dict[str, T] = {}
        self._metadata: dict[str, dict[str, object]] = {}

    def register(self, name: str, **metadata: object) -> Callable[[T], T]:
        """Return a decorator that registers its object under ``name``, which must be new.

        Raises
        ------
        SettingsError
            If something is registered under this name already.
        """

        def enter(entry: T) -> T:
            if name in self._entries:
                raise SettingsError(f"{self.what} {name!r} is registered twice")
            self._entries[name] = entry
            self._metadata[name] = metadata
            return entry

        return enter

    def __getitem__(self, name: str) -> T:
        if name not in self._entries and name in self._homes:
            import_module(self._homes[name])
        if name not in self._entries:
            raise UnknownNameError(self.what, name, list(self))
        return self._entries[name]

    def home(self, name: str) -> str:
        """Return the module that registers a name, as stated in ``homes``; empty if none is stated."""
        return self._homes.get(name, "")

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._homes

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._entries, *self._homes}))

    def __len__(self) -> int:
        return len({*self._entries, *self._homes})

    def metadata(self, name: str) -> dict[str, Any]:
        """Return the metadata that was registered with the entry ``name``."""
        self[name]
        return dict(self._metadata[name])

    def summary(self, name: str) -> str:
        """Return the first line of the docstring of the entry ``name``."""
        return (self[name].__doc__ or "").strip().split("\n")[0]
