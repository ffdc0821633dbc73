"""The machine learning framework, imported late and quietly: nothing else in Nightsift loads TensorFlow."""

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import IO, Any, cast

log = logging.getLogger(__name__)

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "ERROR", "KERAS_BACKEND": "tensorflow"}


def keras() -> ModuleType:
    """Return Keras with the TensorFlow backend, imported at the first call (6 to 10 s)."""
    tensorflow()
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


def deterministic(seed: int, threads: int) -> int:
    """Make what follows in this process repeatable; return the thread count in force.

    TensorFlow takes a thread count only before its first operation; a later, other one is refused with a
    warning, and the count in force goes into the package.

    Parameters
    ----------
    seed : int
        Seeds Python, numpy and TensorFlow.
    threads : int
        Threads inside one operation.
    """
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
