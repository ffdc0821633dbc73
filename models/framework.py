"""The machine learning framework, imported late and quietly: nothing else in Nightsift loads Keras or TensorFlow."""

import contextlib
import importlib.util
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import IO, Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from models.backends import BACKENDS, TENSORFLOW, backend
from pipeline.extras import demand

log = logging.getLogger(__name__)

QUIET: Final = {"TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "ERROR", "KERAS_BACKEND": TENSORFLOW}


def keras() -> ModuleType:
    """Return Keras with its backend, imported at the first call (6 to 10 s with TensorFlow).

    Raises
    ------
    MissingExtraError
        If the backend is not installed.
    """
    name = backend()
    if "keras" not in sys.modules:
        demand(BACKENDS[name], f"KERAS_BACKEND={name}", name)
    if importlib.util.find_spec("tensorflow"):
        tensorflow()  # Keras loads it under the other backends too, and not quietly
    import keras as module

    return module


def tensorflow() -> ModuleType:
    """Return TensorFlow, imported at the first call without its chatter on standard error."""
    if "tensorflow" in sys.modules:
        return sys.modules["tensorflow"]
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    with quiet_stderr(), foreign_deprecations():
        import tensorflow as tf
    tf.get_logger().setLevel(logging.ERROR)
    return cast("ModuleType", tf)


def to_numpy(tensor: object) -> NDArray[Any]:
    """Return the numbers of a tensor or variable of any backend."""
    with foreign_deprecations():
        return np.asarray(keras().ops.convert_to_numpy(tensor))


def deterministic(seed: int, threads: int) -> int:
    """Make what follows in this process repeatable; return the thread count in force.

    TensorFlow takes a thread count only before its first operation; a later, other one is refused with a
    warning, and the count in force goes into the package. With another backend, which has its own ways to be told,
    only the seeds are set.

    Parameters
    ----------
    seed : int
        Seeds Python, numpy and the backend.
    threads : int
        Threads inside one operation.
    """
    if backend() != TENSORFLOW:
        keras().utils.set_random_seed(seed % 2**32)
        return threads
    tf = tensorflow()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        in_force = tf.config.threading.get_intra_op_parallelism_threads()
        if in_force != threads:
            log.warning("TensorFlow had started: training runs on %d threads, not on %d", in_force, threads)
    tf.config.experimental.enable_op_determinism()
    keras().utils.set_random_seed(seed % 2**32)
    return int(tf.config.threading.get_intra_op_parallelism_threads())


def out_of_memory(error: BaseException) -> bool:
    """Return whether an error of any backend says that memory did not suffice."""
    named = type(error).__name__ in ("ResourceExhaustedError", "OutOfMemoryError")
    return isinstance(error, MemoryError) or named or "RESOURCE_EXHAUSTED" in str(error)


def free_device_bytes() -> int | None:
    """Return the free memory of the first accelerator; None if there is none, or the backend does not say."""
    if backend() == "torch":
        import torch

        return int(torch.cuda.mem_get_info()[0]) if torch.cuda.is_available() else None
    if backend() == "jax":
        import jax

        found = jax.devices()[0].memory_stats() or {}
        return int(found["bytes_limit"] - found["bytes_in_use"]) if "bytes_limit" in found else None
    return None


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hold back what C++ code writes to file descriptor 2; it goes to the log, or out if the block fails."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            _pass_on(held, failed)


@contextlib.contextmanager
def foreign_deprecations() -> Iterator[None]:
    """Silence what the framework's own code is warned of; it is not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _pass_on(held: IO[Any], failed: bool) -> None:
    held.seek(0)
    text = held.read().decode(errors="replace").strip()
    if text:
        log.log(logging.ERROR if failed else logging.DEBUG, "held back: %s", text)
