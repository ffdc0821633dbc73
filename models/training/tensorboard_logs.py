"""The history of a training as TensorBoard shows it: the scalars that Keras' own callback would log, by its names.

They are written from the history, whatever the backend, so that a training which was killed and goes on has each epoch
once. The module loads TensorBoard, so that only a training that logs imports it.

Tested by tests/models/training/test_tensorboard_logs.py.
"""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from models.framework import foreign_deprecations, quiet_stderr

with quiet_stderr(), foreign_deprecations():
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

PREFIX: Final = "validation_"
FILES: Final = "events.out.tfevents.*"
NO_SCALARS: Final = ("epoch", "seconds")


class TensorBoardLogs:
    """Event files of a training in ``train`` and ``validation`` below its folder; use it as a context manager.

    Parameters
    ----------
    folder : Path
        Of this training alone; what it logged before is replaced by ``history``.
    history : iterable of mapping
        One entry per finished epoch.
    """

    def __init__(self, folder: Path, history: Iterable[Mapping[str, float]]) -> None:
        places = [folder / name for name in ("train", "validation")]
        for former in (path for place in places for path in place.glob(FILES)):
            former.unlink()
        self._train, self._validation = (EventFileWriter(str(place)) for place in places)
        for entry in history:
            self.add(entry)

    def add(self, entry: Mapping[str, float]) -> None:
        """Log an epoch: ``epoch_loss``, ``epoch_learning_rate`` and, of the validation rows, ``epoch_accuracy`` ..."""
        for name, value in entry.items():
            if name in NO_SCALARS:
                continue
            writer = self._validation if name.startswith(PREFIX) else self._train
            scalar = Summary.Value(tag=f"epoch_{name.removeprefix(PREFIX)}", simple_value=value)
            step = int(entry["epoch"]) - 1  # Keras counts from 0
            writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=[scalar])))
        self._train.flush()
        self._validation.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._train.close()
        self._validation.close()
