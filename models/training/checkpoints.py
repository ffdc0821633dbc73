"""The state of a training after its last finished epoch, kept so that a killed training goes on from there.

Beside it lie the weights of every epoch that is to be kept, until the training has ended.
"""

import io
import json
import logging
import os
import time
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.weights import ENDING, read_arrays, write_arrays
from pipeline.conversions import S_PER_DAY

log = logging.getLogger(__name__)

FILE: Final = "last-epoch.npz"
KEPT_DAYS: Final = 30
"""How long the checkpoint of a training that was killed waits for it to be asked for again."""
EPOCHS: Final = "epochs"
"""Folder of the weights of single epochs."""
Arrays = list[NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Everything that the next epoch depends on.

    Attributes
    ----------
    identity : str
        Fingerprint of recipe, seed and data set; another one's checkpoint is not used.
    weights, best_weights, optimizer : list of ndarray
        In the order of the model and of the optimiser.
    history : list of dict
        One entry a finished epoch; its length is the position of all random streams.
    """

    identity: str
    weights: Arrays
    best_weights: Arrays
    optimizer: Arrays
    history: Sequence[dict[str, object]]


def save(workdir: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint so that a kill at any moment leaves the former or the new one.

    Each writer has a scratch name of its own: two runs that train the same at once write the same content.
    """
    groups = {"w": checkpoint.weights, "b": checkpoint.best_weights, "o": checkpoint.optimizer}
    arrays = {f"{key}{i}": array for key, group in groups.items() for i, array in enumerate(group)}
    head = {"identity": checkpoint.identity, "history": list(checkpoint.history)}
    workdir.mkdir(parents=True, exist_ok=True)
    scratch = workdir / f"{FILE}.{uuid.uuid4().hex[:12]}.partial"
    try:
        with scratch.open("wb") as file:
            np.savez(file, head=np.array(json.dumps(head)), **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(workdir / FILE)
    finally:
        scratch.unlink(missing_ok=True)


def load(workdir: Path, identity: str) -> Checkpoint | None:
    """Return the checkpoint of the same training, or None when there is none that can be used."""
    path = workdir / FILE
    try:
        content = io.BytesIO(path.read_bytes())
        with np.load(content, allow_pickle=False) as file:
            head = json.loads(str(file["head"]))
            groups = {key: _group(file, key) for key in "wbo"}
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        log.warning("starting over: %s cannot be read (%s)", path, error)
        return None
    if head["identity"] != identity:
        log.info("starting over: %s belongs to another recipe, seed or data set", path)
        return None
    return Checkpoint(
        identity=identity,
        weights=groups["w"],
        best_weights=groups["b"],
        optimizer=groups["o"],
        history=head["history"],
    )


def keep_epoch(workdir: Path, epoch: int, weights: Arrays) -> None:
    """Write the weights after an epoch, counted from 1, beside the checkpoint."""
    folder = workdir / EPOCHS
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / f"{epoch}.{uuid.uuid4().hex[:12]}.partial"
    try:
        write_arrays(scratch, weights)
        scratch.replace(folder / f"epoch-{epoch:04d}{ENDING}")
    finally:
        scratch.unlink(missing_ok=True)


def kept_epochs(workdir: Path) -> dict[str, Arrays]:
    """Return the weights of the epochs that were kept, by ``epochs/epoch-0010``, in their order."""
    found = sorted((workdir / EPOCHS).glob(f"epoch-*{ENDING}"))
    return {f"{EPOCHS}/{path.name.removesuffix(ENDING)}": read_arrays(path) for path in found}


def forget_epochs(workdir: Path) -> None:
    """Remove the weights of single epochs: they are of a training that starts over, or are written elsewhere now."""
    for path in (workdir / EPOCHS).glob("*"):
        path.unlink(missing_ok=True)
    if (workdir / EPOCHS).is_dir():
        (workdir / EPOCHS).rmdir()


def clear(workdir: Path) -> None:
    """Remove the checkpoint of a training whose package is committed, and the epochs beside it."""
    for path in [workdir / FILE, *workdir.glob(f"{FILE}.*partial")]:
        path.unlink(missing_ok=True)
    forget_epochs(workdir)


def sweep(folder: Path) -> int:
    """Remove the checkpoints below a folder that no training went on with for weeks; return how many.

    A killed training whose recipe was changed since is never asked for again under its name; one that runs
    writes its checkpoint after every epoch.
    """
    oldest = time.time() - S_PER_DAY * KEPT_DAYS
    forgotten = [path.parent for path in folder.glob(f"*/{FILE}") if path.stat().st_mtime < oldest]
    for workdir in forgotten:
        log.info("removing %s: no epoch was added for %d days", workdir, KEPT_DAYS)
        clear(workdir)
        if not any(workdir.iterdir()):
            workdir.rmdir()
    return len(forgotten)


def _group(file: Any, key: str) -> Arrays:
    names = [name for name in file.files if name[0] == key and name[1:].isdigit()]
    return [file[name] for name in sorted(names, key=lambda name: int(name[1:]))]
