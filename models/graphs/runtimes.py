"""The runtimes that carry the graphs of packages, as these name them: a library, and the numbers it computes with."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from pipeline.errors import IncompatiblePackageError

PACKAGE: Final = "package.json"
ONNXRUNTIME: Final = "onnxruntime"
FLOAT32: Final = "float32"
INT8: Final = "int8"

RUNTIMES: Final[Mapping[str, tuple[str, ...]]] = {ONNXRUNTIME: (FLOAT32, INT8)}
"""The precisions of each library, by the name under which it is imported.

OpenVINO is none of them: in float32 it took 1.1 to 1.2 x the CPU of ONNX Runtime for networks of 63 x 63 x 3 and
31 x 31 x 3, and it cannot read trees (`docs/performance.md`).
"""


class Runtime(NamedTuple):
    """What carries a graph.

    Attributes
    ----------
    name : str
        Library, one of `RUNTIMES`.
    precision : str
        Numbers that it computes with.
    """

    name: str = ONNXRUNTIME
    precision: str = FLOAT32

    @classmethod
    def of(cls, content: Mapping[str, Any], where: Path) -> Self:
        """Return what a package names under ``runtime``; of one that names nothing, the default.

        Parameters
        ----------
        content : mapping
            Its ``package.json``.
        where : Path
            Its folder, for the message.

        Raises
        ------
        IncompatiblePackageError
            When this version knows no such runtime, or not in that precision, or it is not installed.

        Examples
        --------
        >>> Runtime.of({"runtime": "onnxruntime, float32"}, Path("package"))
        Runtime(name='onnxruntime', precision='float32')
        """
        stated = str(content.get("runtime", cls().stated))
        name, _, precision = stated.partition(", ")
        if precision not in RUNTIMES.get(name, ()):
            known = "; ".join(cls(each, number).stated for each, numbers in RUNTIMES.items() for number in numbers)
            raise IncompatiblePackageError(
                f"{where / PACKAGE} names the runtime {stated[:60]!r}; this version has: {known}; score with the "
                "version that made it, or calibrate again"
            )
        if importlib.util.find_spec(name) is None:
            raise IncompatiblePackageError(
                f"{where / PACKAGE} names the runtime {name}, not installed here: pip install {name}"
            )
        return cls(name, precision)

    @property
    def stated(self) -> str:
        """Return both as packages state them."""
        return f"{self.name}, {self.precision}"
