"""Settings files: ``config/<kind>/<name>.yaml``, read safely, with the environment's values filled in."""

import functools
import math
import os
import re
import sys
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml

from pipeline.errors import MissingInputError, SettingsError, UnknownNameError
from pipeline.io.files.bounded_yaml import LARGEST_BYTES, BoundedLoader, parse_yaml
from pipeline.path_names import is_path_name
from pipeline.settings import examine, parse

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
INSTALLED = Path(sys.prefix) / "share" / "nightsift"
"""Where `pip install .` puts what a checkout has beside its code."""
_File = tuple[Path, int, int]


class _Loader(BoundedLoader):
    """Safe YAML in which a date stays the text that it is."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        """Return a scalar with its variables as the file has them."""
        return super().construct_scalar(node).replace(_OPENS, "${").replace(_CLOSES, "}")


def _finite(loader: _Loader, node: yaml.ScalarNode) -> float:
    """Return a number; one that is none, or infinite, is no setting."""
    value = float(loader.construct_yaml_float(node))
    if not math.isfinite(value):
        raise yaml.constructor.ConstructorError(None, None, f"{value} is no finite number", node.start_mark)
    return value


_Loader.add_constructor("tag:yaml.org,2002:float", _finite)

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::([^}]*))?\}")
_OPENS, _CLOSES = "\ue000\ue001", "\ue002"
"""What replaces a variable's braces while YAML is parsed, for which they would begin and end a mapping."""


def config_folder() -> Path:
    """Return the folder of the settings: ``NIGHTSIFT_CONFIG``, else ``config`` of `home`."""
    folder = os.environ.get("NIGHTSIFT_CONFIG")
    return Path(folder) if folder else home() / "config"


def home() -> Path:
    """Return the folder with ``config`` and ``luigi.cfg``.

    It is the checkout that the code runs from; of an installed copy, the current folder if that is a checkout,
    else the folder that was installed with it.

    Raises
    ------
    MissingInputError
        If there is no such folder.
    """
    for folder in (ROOT, Path(), INSTALLED):
        if (folder / "luigi.cfg").is_file() and (folder / "config" / "surveys").is_dir():
            return folder
    raise MissingInputError(
        f"no settings: neither {ROOT} nor the current folder nor {INSTALLED} has config and luigi.cfg; "
        "run in a checkout of Nightsift"
    )


def data_folder() -> Path:
    """Return the folder of all results: ``NIGHTSIFT_DATA``, else ``data`` below the current folder."""
    return Path(os.environ.get("NIGHTSIFT_DATA", "data"))


def place_in(folder: Path, path: Path) -> str:
    """Return a path relative to a folder if it lies there, else the whole path; it is the same through links.

    A folder below may be a symbolic link to another disk: what was written through it lies where it was written to.

    Examples
    --------
    >>> place_in(Path("data"), Path("data/ztf/all/x.h5")), place_in(Path("/archive"), Path("/etc/../disk/x.h5"))
    ('ztf/all/x.h5', '/disk/x.h5')
    """
    for whole in (os.path.abspath, os.path.realpath):  # the first follows no link
        place, home = Path(whole(path)), Path(whole(folder))
        if place.is_relative_to(home):
            return place.relative_to(home).as_posix()
    return str(place)


def names(kind: str) -> list[str]:
    """Return the names of the settings of a kind: ``surveys``, ``datasets``, ``classifiers`` ..."""
    there = {path.stem for path in (config_folder() / kind).glob("*.yaml")}
    return sorted(there | {name for of, name in _outside if of == kind})


_outside: dict[tuple[str, str], Path] = {}
"""Files outside the folder of the settings that are in use now, by kind and name."""


@contextmanager
def beside(kind: str, path: Path) -> Iterator[str]:
    """Treat a file outside the folder of the settings as one of its kind within the block; yield its name."""
    name = path.stem
    _outside[kind, name] = path
    try:
        yield name
    finally:
        del _outside[kind, name]


def raw(kind: str, name: str) -> Mapping[str, Any]:
    """Return the parsed mapping of one settings file, to be read only; comments and key order are gone.

    A file with ``extends: <name>`` is that other file of its kind with the changes that it states: mappings are
    merged key by key, anything else is replaced, and a key that is ``null`` is taken away.
    """
    return _merged(_chain(kind, name))


def own(kind: str, name: str) -> Mapping[str, Any]:
    """Return the parsed mapping of one settings file without what it extends, to be read only."""
    return _parsed(*_file(kind, name))


def content_of(path: Path) -> Mapping[str, object]:
    """Return the parsed mapping of a file that may not hold settings at all, without what it extends."""
    status = path.stat()
    return _parsed(path, status.st_size, status.st_mtime_ns)


def load(kind: str, name: str, settings: type[T]) -> T:
    """Return one settings file as the dataclass ``settings``; every fault is named at once."""
    return cast("T", _loaded(_chain(kind, name), cast("Hashable", settings)))


def examined(
    kind: str, name: str, settings: type[T], stand_ins: Mapping[str, object] | None = None
) -> tuple[T | None, list[str]]:
    """Return one settings file as far as it is valid, and its faults.

    Parameters
    ----------
    kind : str
        Kind of the file: ``surveys``, ``datasets``, ``classifiers`` ...
    name : str
        Name of the file, without its ending.
    settings : type
        The dataclass of the settings.
    stand_ins : mapping, optional
        Values that take the place of missing ones, as for `pipeline.settings.examine`.

    Returns
    -------
    settings : object or None
        The settings; None if the faults leave none.
    faults : list of str
        One line per fault.
    """
    return examine(settings, raw(kind, name), f"{kind}/{name}.yaml", stand_ins or {})


def _chain(kind: str, name: str) -> tuple[_File, ...]:
    """Return a settings file and those that it extends, the last ancestor at the end."""
    chain = [_file(kind, name)]
    while (parent := _parsed(*chain[-1]).get("extends")) is not None:
        where = f"{kind}/{chain[-1][0].name}"
        if not isinstance(parent, str):
            raise SettingsError(f"{where}: 'extends' is {parent!r}; allowed: the name of another file of {kind}")
        try:
            chain.append(_file(kind, parent))
        except UnknownNameError as error:
            raise SettingsError(f"{where}: extends: {error}") from error
        if chain[-1] in chain[:-1]:
            raise SettingsError(f"{where} extends itself: {' -> '.join(file[0].stem for file in chain)}")
    return tuple(chain)


def _file(kind: str, name: str) -> _File:
    """Return a settings file with size and time, by which its parsed content is remembered."""
    path = _outside.get((kind, name), config_folder() / kind / f"{name}.yaml")
    if not is_path_name(name) or not path.is_file():
        raise UnknownNameError(kind.removesuffix("s"), name, names(kind))
    status = path.stat()
    return path, status.st_size, status.st_mtime_ns


@functools.lru_cache(maxsize=256)
def _merged(chain: tuple[_File, ...]) -> Mapping[str, object]:
    own = {key: value for key, value in _parsed(*chain[0]).items() if key != "extends"}
    return _over(_merged(chain[1:]), own) if len(chain) > 1 else own


def _over(parent: Mapping[str, object], child: Mapping[str, object]) -> dict[str, object]:
    """Return the parent's mapping with the child's values in it."""
    merged = dict(parent)
    for key, value in child.items():
        inner = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(inner, Mapping):
            merged[key] = _over(inner, value)
        else:
            merged[key] = value
    return merged


@functools.lru_cache(maxsize=256)
def _parsed(path: Path, size: int, mtime_ns: int) -> Mapping[str, object]:  # noqa: ARG001  (they are the key)
    where = f"{path.parent.name}/{path.name}"
    text = _VARIABLE.sub(lambda found: f"{_OPENS}{found[0][2:-1]}{_CLOSES}", _text_of(path, where))
    mapping = parse_yaml(text, where, _Loader)
    if not isinstance(mapping, dict):
        raise SettingsError(f"{where} does not hold a mapping")
    return mapping


def _text_of(path: Path, where: str) -> str:
    """Return a file's text; more of it than could be settings is not read."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(LARGEST_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{where} is not valid YAML: {error}") from None


@functools.lru_cache(maxsize=256)
def _loaded(chain: tuple[_File, ...], settings: type) -> object:
    path = chain[0][0]
    return parse(settings, _merged(chain), f"{path.parent.name}/{path.name}")


def expand(text: str, what: str) -> str:
    """Fill ``${NAME}`` and ``${NAME:default}`` from the environment; ``${NAME:}`` may be empty.

    Raises
    ------
    MissingInputError
        If a variable is unset and has no default; the message says what to point it at.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match.groups()
        found = os.environ.get(name) or default
        if found is None:
            raise MissingInputError(f"the environment variable {name} is not set: point it at {what}")
        return found

    return _VARIABLE.sub(value, text)


def load_dotenv(path: Path) -> None:
    """Put the ``NAME=value`` lines of a ``.env`` file into the environment; what is set already wins."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.strip().partition("=")
        if separator and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("'\""))
