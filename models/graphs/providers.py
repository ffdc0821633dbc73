"""What ONNX Runtime computes a graph on: a GPU where it offers one that starts, else the CPU."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pipeline.errors import SettingsError, UnknownNameError

log = logging.getLogger(__name__)

Session = Any
DEVICES: Final = ("auto", "cpu", "gpu")

CPU: Final = "CPUExecutionProvider"
GPUS: Final[Mapping[str, Mapping[str, str]]] = {
    "CUDAExecutionProvider": {"use_tf32": "0"},
    "MIGraphXExecutionProvider": {},
    "ROCMExecutionProvider": {},
}
"""Providers of a GPU, the first choice first, with the options under which they compute in float32.

Not CoreML, which computes in float16 on a GPU; not DirectML, one session of which can be called by one thread alone.
"""

_failed: Final[set[str]] = set()
"""Providers that did not start in this process; they are not tried again, and said once."""


def check_device(device: str) -> None:
    """Refuse a device that is none of `DEVICES`, and a GPU where the runtime has none, as `provider_of` does."""
    if device not in ("auto", "cpu"):
        provider_of(device)


def provider_of(device: str) -> str:
    """Return the provider to try first for a device.

    Parameters
    ----------
    device : {"auto", "cpu", "gpu"}
        With ``auto``, a GPU if the installed ONNX Runtime has a provider for one.

    Raises
    ------
    SettingsError
        When there is no such device, or a GPU is asked for and the installed ONNX Runtime has no provider for one.
    """
    if device not in DEVICES:
        raise UnknownNameError("device", device, DEVICES)
    if device == "cpu":
        return CPU
    import onnxruntime

    offered = onnxruntime.get_available_providers()
    found = next((name for name in GPUS if name in offered), CPU)
    if device == "gpu" and found == CPU:
        raise SettingsError(
            f"device is 'gpu'; the installed onnxruntime offers {', '.join(offered)}, none of a GPU that computes in "
            "float32 (pip install onnxruntime-gpu has CUDA's); allowed: auto, cpu"
        )
    return CPU if found in _failed else found


def start(path: Path, options: Any, provider: str) -> Session:
    """Return a session of a model, on the CPU if a GPU's provider does not start.

    Parameters
    ----------
    path : Path
        The model.
    options : onnxruntime.SessionOptions
    provider : str
        As `provider_of` gives it.

    Raises
    ------
    Exception
        Of the runtime, when the model cannot be run on the CPU either.
    """
    import onnxruntime

    on_cpu = {"sess_options": options, "providers": [CPU], "enable_fallback": 0}
    if provider == CPU or provider in _failed:
        return onnxruntime.InferenceSession(str(path), **on_cpu)
    why = "the runtime left it out"
    try:
        both = [(provider, dict(GPUS[provider])), CPU]
        session = onnxruntime.InferenceSession(str(path), options, providers=both, enable_fallback=0)
        if computes_on(session) == provider:
            return session
    except Exception as error:  # the runtime has a class for each code, none of them public
        why = " ".join(str(error).split())[:200]
    session = onnxruntime.InferenceSession(str(path), **on_cpu)
    _failed.add(provider)
    log.warning("%s does not start here, so the CPU scores: %s", provider, why)
    return session


def computes_on(session: Session) -> str:
    """Return the provider that a session tries first for each operation."""
    return str(session.get_providers()[0])
