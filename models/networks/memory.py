"""What a batch takes of memory while a network is trained on it, and which would fit.

Tested by tests/models/networks/test_memory.py.
"""

import math
from pathlib import Path
from typing import Any, Final

from models.framework import free_device_bytes, keras
from models.networks.network import every_layer

MEMINFO: Final = Path("/proc/meminfo")
FLOAT_BYTES: Final = 4
COPIES: Final = 2
"""Of each number that a layer gives: itself, and its gradient for a time; 1.0 to 1.6 were measured on a CPU."""
STATES: Final = 4
"""Of each weight: itself, its gradient, and two moments of the optimiser."""
MB: Final = 1e6


def advice(model: Any, size: int) -> str:
    """Return what to change where a batch did not fit: the largest power of two below it that would.

    Parameters
    ----------
    model : keras.Model
        The network in training.
    size : int
        Rows of the batch that did not fit.

    Returns
    -------
    str
        One sentence, without knowledge of the free memory with half the size.
    """
    free = free_bytes()
    if free is None or size == 1:
        half = f"; try 'batch_size': {size // 2}" if size > 1 else f"; {_SMALLER}"
        return f"a batch of {_rows(size)} does not fit into memory{half}"
    each, fixed = row_bytes(model), STATES * FLOAT_BYTES * int(model.count_params())
    found = (
        f"a batch of {_rows(size)} does not fit into memory: it takes about {(size * each + fixed) / MB:,.0f} MB, "
        f"and {free / MB:,.0f} MB are free"
    )
    rows = min(int((free - fixed) // each), size - 1)
    if rows < 1:
        return f"{found}, which is too little for a single row; {_SMALLER}"
    return f"{found}; 'batch_size': {1 << (rows.bit_length() - 1)} should fit"


_SMALLER: Final = "use a smaller network or 'size_pixel', or a machine with more memory"


def row_bytes(model: Any) -> int:
    """Return what a training holds for each row of a batch, estimated from the sizes of what the layers give."""
    return COPIES * FLOAT_BYTES * _numbers_per_row(model)


def free_bytes() -> int | None:
    """Return the free memory of the accelerator or, without one, of the machine; None if neither is known."""
    on_device = free_device_bytes()
    if on_device is not None or not MEMINFO.is_file():
        return on_device
    (line,) = (line for line in MEMINFO.read_text().splitlines() if line.startswith("MemAvailable:"))
    return 1024 * int(line.split()[1])


def _numbers_per_row(model: Any) -> int:
    """Return how many numbers the layers of a model give for a row, those of models within it included.

    What normalises pixels is no layer: before the first weights nothing is kept for a gradient.
    """
    return sum(
        math.prod(tensor.shape[1:])
        for layer in every_layer(model)
        if not hasattr(layer, "layers")
        for tensor in keras().tree.flatten(layer.output)
    )


def _rows(size: int) -> str:
    return "one row" if size == 1 else f"{size} rows"
