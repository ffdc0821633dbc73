"""Sessions of ONNX Runtime: how a graph is opened, and how rows are spread over cores."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

CHUNK: Final = 32
"""Rows of one call of the runtime, which stay in the processor's cache; fixed, so that scores are too."""

Session = Any


def open_session(path: Path) -> Session:
    """Return an ONNX Runtime session of one thread; several may call it at once, and a process opens a file once."""
    status = path.stat()
    return _session(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4)
def _session(path: Path, size: int, mtime_ns: int) -> Session:  # noqa: ARG001  (they are the key)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(
    session: Session,
    inputs: NDArray[np.float32],
    masks: Mapping[str, NDArray[np.float32]] | None = None,
    threads: int = 1,
) -> NDArray[np.float32]:
    """Return the probabilities of some rows, in chunks spread over threads.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        Its first input takes ``inputs``.
    inputs : ndarray of float32, shape (n, ...)
        Pixels or features, at least one row.
    masks : mapping, optional
        Further inputs by name, each with n rows.
    threads : int
        Chunks worked on at once.
    """
    feeds = {session.get_inputs()[0].name: inputs, **(masks or {})}
    starts = range(0, len(inputs), CHUNK)

    def one(start: int) -> NDArray[np.float32]:
        return session.run(None, {name: rows[start : start + CHUNK] for name, rows in feeds.items()})[0]

    if threads == 1 or len(starts) == 1:
        return np.concatenate([one(start) for start in starts])
    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(one, starts)))
