"""Dropout samples that the command line asks for, whatever the recipe says, and the samples themselves as rows.

Tested by tests/models/scoring/test_asked_samples.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from models.scoring.opened_package import StoredPackage
from models.scoring.runtime import Package
from models.scoring.stacked import MEMBERS
from pipeline.errors import IncompatiblePackageError
from pipeline.io.packages.package_content import read_package

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_COLUMNS: Final[dict[str, str]] = {"candidate_id": "text", "sample": "int32"}
"""Columns of a file of samples, before ``p_0 ... p_k``."""


@dataclass(frozen=True, kw_only=True)
class SampledPackage(Package):
    """A package that gives each dropout sample as a row, in place of scores."""

    def score_columns(self, *, decided: bool) -> dict[str, str]:  # noqa: ARG002  (no rule decides a sample)
        """Return ``candidate_id sample p_0 ... p_k``."""
        return {**SAMPLE_COLUMNS, **{f"p_{index}": "float32" for index in range(len(self.class_names))}}

    def scored(
        self, frame: "pd.DataFrame", pixels: NDArray[np.float32], channels: Sequence[str], seed: int
    ) -> "pd.DataFrame":
        """Return the samples of rows, those of one candidate together; as `OpenedPackage.scored`."""
        import pandas as pd

        rngs = self.generators(frame["candidate_id"], seed)
        metadata = frame[list(self.metadata_columns)]
        drawn = self.drawn(pixels, channels, self.posterior_samples, rngs, metadata)
        count, rows, _ = drawn.shape
        by_row = drawn.transpose(1, 0, 2).reshape(rows * count, -1)
        ids = {
            "candidate_id": np.repeat(frame["candidate_id"].to_numpy(), count),
            "sample": np.tile(range(count), rows),
        }
        return pd.DataFrame(ids | {f"p_{index}": by_row[:, index] for index in range(by_row.shape[1])})


def with_samples(package: StoredPackage, count: int) -> Package:
    """Return a package as it scores with so many dropout samples a row.

    Raises
    ------
    IncompatiblePackageError
        As `require_dropout`.
    """
    require_dropout(package.content, package.directory, count)
    if not isinstance(package, Package):
        raise IncompatiblePackageError(f"{package.name} has no dropout to sample {count} times")
    return replace(package, asked_samples=count)


def giving_samples(package: Package) -> SampledPackage:
    """Return a package that gives its samples as rows."""
    return SampledPackage(**{one.name: getattr(package, one.name) for one in fields(package)})


def require_dropout(content: Mapping[str, Any], directory: Path, count: int) -> None:
    """Refuse a package that has no dropout to sample.

    Parameters
    ----------
    content : mapping
        Its ``package.json``.
    directory : Path
        The package.
    count : int
        How many samples a row were asked for.

    Raises
    ------
    IncompatiblePackageError
        Of a stack, with its members that have dropout, each of which can be sampled.
    """
    if content.get("posterior", {}).get("masks"):
        return
    folders = [directory / MEMBERS / entry["folder"] for entry in content.get("members", ())]
    able = [folder for folder in folders if read_package(folder).values["posterior"]["masks"]]
    why = f"{content['name']} has no dropout to sample {count} times"
    if not folders:
        raise IncompatiblePackageError(f"{why}; allowed: the package of a network with dropout")
    instead = f"sample a member: --package {', '.join(map(str, able))}" if able else "none of its members has any"
    raise IncompatiblePackageError(f"{why}, for it is a stack, whose scores state how its members differ; {instead}")
