"""Numbers as JSON has them.

Tested by tests/pipeline/report/test_plain.py.
"""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from pipeline.metrics import Interval


def plain(value: object) -> object:
    """Return a nested value with plain Python types only; NaN and infinities become None."""
    if isinstance(value, Interval):
        return _interval(value)
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | np.ndarray | set | frozenset):
        return [plain(entry) for entry in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value if value is None or isinstance(value, str) else str(value)


def _interval(interval: Interval) -> dict[str, object]:
    entry = {name: plain(value) for name, value in asdict(interval).items()}
    if not entry["reason"]:
        del entry["reason"]
    return entry
