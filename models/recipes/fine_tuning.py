"""How a network starts from given weights: which file, what of it stays as it is, and how fast the rest moves.

Tested by tests/models/recipes/test_fine_tuning.py.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.errors import MissingInputError, SettingsError
from pipeline.io.files.digests import file_digest
from pipeline.io.settings_files import config_folder, expand

ENDINGS: Final = (".npz", ".h5", ".hdf5", ".safetensors")
"""Of files of weights: those of a package, of Keras 2 and ``keras.applications``, of torchvision's networks."""
_PICKLED: Final = (".pth", ".pt", ".pkl", ".bin", ".ckpt")

SOURCES: Final = (
    "resnet18: the safetensors of a ResNet-18 with torchvision's names; resnet50v2, efficientnetv2b0, "
    "convnexttiny: the file "
    "..._notop.h5 of keras.applications; any network: best.weights.npz of a package of ours"
)
"""Where weights come from, for messages; none is ever downloaded here."""


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """The start of a network from weights that were trained before.

    Attributes
    ----------
    weights : str
        Local file, relative to the folder of the settings: ``.npz`` of a package, ``.h5`` of Keras 2 or
        ``keras.applications``, ``.safetensors`` with torchvision's names. Nothing is downloaded. Empty: first weights
        are random.
    frozen_to : str
        Last layer whose weights, and those of all layers before it, stay as they are, by its name or by what its name
        begins with, as ``layer3``; their batch normalisation keeps its mean and variance. Empty: none.
    backbone_rate : float
        Factor of the learning rate for all layers before the head, above 0 and at most 1; weight decay keeps the full
        rate.
    """

    weights: str = ""
    frozen_to: str = ""
    backbone_rate: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.backbone_rate <= 1:
            raise SettingsError(f"backbone_rate is {self.backbone_rate}; allowed: above 0, at most 1")
        ending = Path(self.weights).suffix.lower()
        if ending in _PICKLED:
            raise SettingsError(
                f"weights is {self.weights!r}, a file that Python unpickles, which may run anything; allowed: "
                f"{', '.join(ENDINGS)}; if trusted, safetensors.torch.save_file(model.state_dict(), ...) does"
            )
        if self.weights and ending not in ENDINGS:
            raise SettingsError(f"weights is {self.weights!r}; allowed: a file that ends in {', '.join(ENDINGS)}")

    @property
    def path(self) -> Path | None:
        """The file of the weights; None for random ones."""
        return config_folder() / expand(self.weights, "the file of weights") if self.weights else None

    @property
    def digest(self) -> str:
        """The digest of that file, which is part of what decides a training; empty without one."""
        return weights_digest(self.weights)


def weights_digest(name: str) -> str:
    """Return the digest of a file of weights that a recipe names; empty for no name.

    Raises
    ------
    MissingInputError
        If there is no such file; it says where weights come from.
    """
    if not name:
        return ""
    path = config_folder() / expand(name, "the file of weights")
    if not path.is_file():
        raise MissingInputError(f"fine_tuning: no file {path}; nothing is downloaded: put it there ({SOURCES})")
    return file_digest(path)
