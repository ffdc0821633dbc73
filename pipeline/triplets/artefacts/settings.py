"""What every artefact's settings have in common."""

from dataclasses import dataclass

from pipeline.recipes.draws import DrawSettings, Range

__all__ = ["ArtefactSettings", "Range"]


@dataclass(frozen=True, kw_only=True)
class ArtefactSettings(DrawSettings):
    """Settings of one artefact; signal to noise ratios, ``snr``, are of a peak over one pixel of the difference."""
