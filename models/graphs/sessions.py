"""Sessions of ONNX Runtime: how a graph is opened, and how rows are spread over cores."""

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.graphs.providers import CPU, Session, computes_on, provider_of, start
from models.graphs.runtimes import PACKAGE
from pipeline.errors import InputError

CALIBRATED: Final = "calibrated_logits"
"""Output of a package's graph beside the probabilities; those of earlier versions have none."""

LATENT: Final = "latent"
"""Output of the graph of a network's package that flags outliers: what its last layer makes logits of."""

TRUNK: Final = "trunk.onnx"
"""File of a package with what lies below the masks of its posterior."""

CHUNK: Final = 32
"""Rows of pixels of one call of the runtime, which stay in the processor's cache; fixed, so that scores are too."""

CHUNK_OF_FEATURES: Final = 256
"""Rows of numbers of one call: 1.6 x as fast as 32 for boosted trees, with the same scores to the bit."""

CHUNK_ON_GPU: Final = 1024
"""Rows of one call of a GPU, which takes few rows no sooner than many."""

WHOLE: Final = 8
"""Rows of a call are filled up to a multiple of this: the runtime rounds the last few, and a single one, otherwise."""

_OPEN_AT_ONCE: Final = 64
"""Files kept open by a process: all members of a stack, for each is asked for every block of rows."""


_ELSEWHERE: Final = re.compile(rb"[\x08\x00]location")
"""How the format writes that weights stand in another file: the word, and before it its length, the only two bytes by
which that can end. What stands around them may stand in any order."""


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What a model of a package takes in and gives out, by which a file is held to be one.

    Attributes
    ----------
    row : tuple of int
        Shape of one row of the first input: ``(y, x, channel)``, or ``(feature,)``.
    masks : mapping of str to tuple of int
        Further inputs by name, with the shape of a row.
    classes : int
        Probabilities a row; 0 of a graph that gives something else.
    """

    row: tuple[int, ...]
    masks: Mapping[str, tuple[int, ...]]
    classes: int


def open_session(path: Path, interface: Interface | None = None, device: str = "cpu") -> Session:
    """Return an ONNX Runtime session of one thread; several may call it at once, and a process opens a file once.

    Parameters
    ----------
    path : Path
        The model.
    interface : Interface, optional
        What the model must take and give.
    device : {"auto", "cpu", "gpu"}
        What computes, as of :mod:`models.graphs.providers`; a GPU that does not start is replaced by the CPU.

    Raises
    ------
    InputError
        If the file is no model that the runtime knows, has weights in other files, or takes or gives something else.
    SettingsError
        If a GPU is asked for and the runtime has none.
    """
    status = path.stat()
    session = _session(path, status.st_size, status.st_mtime_ns, provider_of(device))
    if interface is not None:
        _require_interface(session, interface, path)
    return session


def interface_above(below: Session, masks: Mapping[str, tuple[int, ...]], classes: int) -> Interface:
    """Return what a graph takes and gives whose inputs are the outputs of another one, and masks."""
    first, *others = below.get_outputs()
    more = {entry.name: tuple(entry.shape[1:]) for entry in others}
    return Interface(row=tuple(first.shape[1:]), masks={**more, **masks}, classes=classes)


@lru_cache(maxsize=_OPEN_AT_ONCE)
def _session(path: Path, size: int, mtime_ns: int, provider: str) -> Session:  # noqa: ARG001  (they are the key)
    import onnxruntime

    if _ELSEWHERE.search(path.read_bytes()):
        raise InputError(f"{path} has weights in another file; allowed: a model that holds them itself")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    with _naming(path):
        return start(path, options, provider)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Raise what the runtime says of a model as an `InputError` of one line."""
    try:
        yield
    except Exception as error:  # the runtime has a class for each code, none of them public
        said = " ".join(str(error).split())[:300]
        raise InputError(f"{path} is no model that ONNX Runtime can run: {said}; train again") from error


def _require_interface(session: Session, interface: Interface, path: Path) -> None:
    found = {entry.name: entry for entry in session.get_inputs()}
    first = session.get_inputs()[0].name if found else ""
    wanted = {first: interface.row, **interface.masks}
    if found.keys() != wanted.keys():
        known = ", ".join(["one of any name", *interface.masks])
        raise InputError(f"{path} has the inputs {', '.join(found) or 'none'}; {PACKAGE} says: {known}")
    outputs = session.get_outputs()
    inputs = [(f"input {name!r}", found[name], row) for name, row in wanted.items()]
    given = [("output", outputs[0], (interface.classes,))] if interface.classes else []
    for what, entry, row in [*inputs, *given]:
        fits = len(entry.shape) in (0, 1 + len(row)) and entry.type == "tensor(float)"
        sides = [(a, b) for a, b in zip(entry.shape[1:], row, strict=False) if isinstance(a, int)]
        if not fits or any(a != b for a, b in sides):
            raise InputError(
                f"{path}: its {what} is {entry.type} of shape {entry.shape}; {PACKAGE} says: float, (n, "
                f"{', '.join(map(str, row))})"
            )


def run(
    session: Session,
    inputs: NDArray[np.float32],
    masks: Mapping[str, NDArray[np.float32]] | None = None,
    threads: int = 1,
    output: str = "",
) -> NDArray[np.float32]:
    """Return an output of a model for some rows, in chunks spread over threads.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        Its first input takes ``inputs``.
    inputs : ndarray of float32, shape (n, ...)
        Pixels or features, at least one row.
    masks : mapping, optional
        Further inputs by name, each with n rows.
    threads : int
        Chunks worked on at once; on a GPU one is.
    output : str
        Name of the output; empty: the first, which holds a package's probabilities.
    """
    feeds = {session.get_inputs()[0].name: inputs, **(masks or {})}
    return outputs_of(session, feeds, [output or session.get_outputs()[0].name], threads)[0]


def outputs_of(
    session: Session, feeds: Mapping[str, NDArray[np.float32]], wanted: Sequence[str], threads: int = 1
) -> list[NDArray[np.float32]]:
    """Return outputs of a model for some rows, in chunks spread over threads.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        The model.
    feeds : mapping
        Each of its inputs by name, with n rows, at least one.
    wanted : sequence of str
        Names of the outputs.
    threads : int
        Chunks worked on at once; on a GPU one is.

    Returns
    -------
    outputs : list of ndarray of float32, each (n, ...)
    """
    rows, on_gpu = len(next(iter(feeds.values()))), computes_on(session) != CPU
    of_numbers = all(map(_is_of_numbers, feeds.values()))
    chunk = CHUNK_ON_GPU if on_gpu else CHUNK_OF_FEATURES if of_numbers else CHUNK
    starts = range(0, rows, chunk)

    def one(first: int) -> list[NDArray[np.float32]]:
        count = min(chunk, rows - first)
        given = {name: _filled_up(part[first : first + count]) for name, part in feeds.items()}
        return [found[:count] for found in session.run(list(wanted), given)]

    if on_gpu or threads == 1 or len(starts) == 1:
        chunks = [one(first) for first in starts]
    else:
        with ThreadPoolExecutor(threads) as pool:
            chunks = list(pool.map(one, starts))
    return [np.concatenate(parts) for parts in zip(*chunks, strict=True)]


def _filled_up(part: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows of a call, with the last one repeated until their number is a multiple of `WHOLE`."""
    absent = -len(part) % WHOLE
    return np.concatenate([part, np.repeat(part[-1:], absent, axis=0)]) if absent else part


def _is_of_numbers(inputs: NDArray[np.float32]) -> bool:
    """Return whether rows are features ``(n, f)`` or ``(n, 1, 1, f)``, no images."""
    return max(inputs.shape[1:-1], default=1) == 1
