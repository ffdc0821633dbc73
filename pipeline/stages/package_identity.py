"""What of a model package decides its scores and labels, for the fingerprint of what is scored with it.

Tested by tests/tasks/test_infer.py.
"""

from pathlib import Path
from typing import Final

from pipeline.fingerprint import fingerprint
from pipeline.io.packages.package_content import read_package

_DECIDING: Final = ("model.onnx", "posterior.onnx", "trunk.onnx", "package.json")
"""Files that decide a score or a label: graphs, and calibration, thresholds, classes and contract; of a stack, and of
each of its members."""


def scoring_digest(folder: Path) -> str:
    """Return the fingerprint of what decides the scores of a package; its history, for one, does not.

    Raises
    ------
    InputError
        As `read_package`: if there is no package, or it is not as it was written.
    """
    digests = read_package(folder).digests
    return fingerprint({name: digest for name, digest in digests.items() if Path(name).name in _DECIDING})
