"""Where the images of an exposure are: the key ``images`` of a survey's input."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipeline.cutouts.layers import LAYERS
from pipeline.errors import SettingsError
from pipeline.surveys.difference_settings import MADE, DifferenceSettings

_COLUMN = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Place:
    """A file and an HDU in it, as settings write them: ``path:HDU``.

    Attributes
    ----------
    path : str
        A column of the exposures that holds paths, or a path itself, with columns as ``{exposure_id}``.
    hdu : str
        Name or number from 0, with columns as ``{detector}``.
    """

    path: str
    hdu: str

    @property
    def is_column(self) -> bool:
        """Whether the path is the name of a column; a path itself has a ``{``, a dot or a slash in it."""
        return not set(self.path) & set("{./")

    @property
    def columns(self) -> set[str]:
        """The columns of the exposures that it needs."""
        own = {self.path} if self.is_column else set(_COLUMN.findall(self.path))
        return own | set(_COLUMN.findall(self.hdu))


def parse_place(text: str, key: str) -> Place:
    """Return the parts of ``path:HDU``, or raise `SettingsError` with the key."""
    path, _, hdu = text.partition(":")
    if text.count(":") != 1 or not path.strip() or not hdu.strip():
        raise SettingsError(
            f"{key} is {text!r}; allowed: a path column and an HDU, as path:HDU, or a path with columns as {{column}}"
        )
    return Place(path.strip(), hdu.strip())


def fill_columns(text: str, row: Mapping[str, str]) -> str:
    """Return a text with ``{column}`` replaced by the row's text; empty where the row lacks one of them."""
    if any(not row.get(name) for name in _COLUMN.findall(text)):
        return ""
    return _COLUMN.sub(lambda found: row[found[1]], text)


@dataclass(frozen=True, kw_only=True)
class RewriteRule:
    r"""What to replace in the paths that a survey's tables hold.

    Attributes
    ----------
    find : str
        Text that is replaced wherever it appears in a path.
    replace : str
        What to put instead.
    regex : bool
        Whether ``find`` is a regular expression; ``replace`` may then hold its groups as ``\1``.
    """

    find: str
    replace: str
    regex: bool = False

    def __post_init__(self) -> None:
        if not self.find:
            raise SettingsError("find is empty; allowed: a text")
        if self.regex:
            try:
                re.compile(self.find)
            except re.error as error:
                raise SettingsError(f"find is {self.find!r}, which is not a regular expression: {error}") from None


@dataclass(frozen=True, kw_only=True)
class MaskSettings:
    """A plane that says which pixels of a channel's image are missing.

    Attributes
    ----------
    plane : str
        Where it is, as ``path:HDU``, like the image itself.
    weight : bool
        Whether it holds weights, of which 0 means missing; else it is a mask.
    inverse_variance : bool
        Whether the weights, of science or template, are inverse variances, in 1/ADU²: the noise of a difference
        that is made follows from them, in place of gain and read noise.
    bits : tuple of int
        Bits of the mask, the lowest 0, of which any means missing; 0 to 62.
    values : tuple of int
        Codes of the mask that mean missing. With neither bits nor values, every value but 0 does.
    """

    plane: str
    weight: bool = False
    inverse_variance: bool = False
    bits: tuple[int, ...] = ()
    values: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        parse_place(self.plane, "plane")
        if self.weight and (self.bits or self.values):
            raise SettingsError("weight is true, which leaves bits and values without meaning; state one or the other")
        if self.inverse_variance and not self.weight:
            raise SettingsError("inverse_variance is true and weight is false; allowed: only where weight is true")
        if any(not 0 <= bit <= 62 for bit in self.bits):
            raise SettingsError(f"bits are {list(self.bits)}; allowed: 0 to 62")


@dataclass(frozen=True, kw_only=True)
class FrameSettings:
    """The individual frames behind an exposure, for the channels ``frames_min``, ``frames_max``, ``frames_ptp``.

    They are named by ``hdus``, or by the header keys of one of the exposure's own files.

    Attributes
    ----------
    hdus : tuple of str
        Each ``path:HDU``; the column may hold several paths, and a path may hold ``*`` for any text in its file
        name.
    separator : str
        What separates several paths in one text.
    header : str
        ``path:HDU`` of a header that names the frames, relative to its file.
    count_key : str
        The header's key with the number of frames.
    path_key : str
        The header's key with the path of a frame, ``{i}`` from 1.
    hdu : str
        The HDU of the frames that a header names.
    position : {"pixel", "sky"}
        ``sky``: each frame has its own WCS; ``pixel``: it lies on the grid of the exposure's first image.
    """

    hdus: tuple[str, ...] = ()
    separator: str = ";"
    header: str = ""
    count_key: str = "NCOADD"
    path_key: str = "COADD{i}"
    hdu: str = "0"
    position: Literal["pixel", "sky"] = "sky"

    def __post_init__(self) -> None:
        if bool(self.hdus) == bool(self.header):
            raise SettingsError("give exactly one of hdus, header")
        for text in (*self.hdus, *((self.header,) if self.header else ())):
            parse_place(text, "hdus" if self.hdus else "header")
        if "{i}" not in self.path_key:
            raise SettingsError(f"path_key is {self.path_key!r}; allowed: a header key with {{i}} in it")
        if not self.separator.strip():
            raise SettingsError("separator is blank; allowed: a text such as ;")


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """Where the images of an exposure are: the key ``images`` of a survey's input.

    Attributes
    ----------
    hdus : mapping of str to str
        For each channel, ``path:HDU``: a path column of the exposures, or a path with columns as ``{exposure_id}``;
        the HDU by name or by number from 0.
    position : {"pixel", "sky"}
        ``pixel``: candidates have ``x_pixel`` and ``y_pixel``, the same in every image of an exposure; ``sky``:
        their places follow from ``ra_deg``, ``dec_deg`` and the WCS of each image.
    rewrite : tuple of RewriteRule
        Rules that change paths, one after the other.
    mounts : tuple of str
        Further folders in which a path is looked for, in their order.
    masks : mapping of str to MaskSettings
        For a channel, the plane that says which of its pixels are missing.
    frames : FrameSettings or None
        The individual frames behind an exposure.
    difference : DifferenceSettings or None
        How the channels ``difference`` and ``score`` are made where ``hdus`` names none, and how simulation
        subtracts and searches. The word ``none`` in the file: there is no template, and the science image is
        searched as it is, see docs/subtraction.md#images-without-a-template. Left out: simulation takes images of
        one grid and all defaults.
    """

    hdus: Mapping[str, str]
    position: Literal["pixel", "sky"] = "pixel"
    rewrite: tuple[RewriteRule, ...] = ()
    mounts: tuple[str, ...] = ()
    masks: Mapping[str, MaskSettings] = field(default_factory=dict)
    frames: FrameSettings | None = None
    difference: DifferenceSettings | None = None

    def __post_init__(self) -> None:
        for channel, text in self.hdus.items():
            parse_place(text, f"hdus.{channel}")
        for channel in self.masks:
            if channel not in self.hdus:
                raise SettingsError(f"masks names {channel!r}; allowed: {', '.join(self.hdus)}")
            if self.masks[channel].inverse_variance and channel not in ("science", "template"):
                raise SettingsError(f"masks.{channel}.inverse_variance is true; allowed: for science and template")

    @property
    def places(self) -> dict[str, Place]:
        """The image of each channel that has one of its own."""
        return {channel: parse_place(text, f"hdus.{channel}") for channel, text in self.hdus.items()}

    @property
    def planes(self) -> dict[str, Place]:
        """The mask or weight plane of each channel that has one."""
        return {channel: parse_place(mask.plane, f"masks.{channel}") for channel, mask in self.masks.items()}

    @property
    def frame_places(self) -> list[Place]:
        """What names the individual frames."""
        frames = self.frames
        texts = () if frames is None else (*frames.hdus, *((frames.header,) if frames.header else ()))
        return [parse_place(text, "frames") for text in texts]

    @property
    def needs(self) -> tuple[str, str]:
        """The columns of the candidates that place them."""
        return ("ra_deg", "dec_deg") if self.position == "sky" else ("x_pixel", "y_pixel")

    def subtracted(self, channels: Sequence[str]) -> tuple[str, ...]:
        """Return which of the channels are made by subtracting the template from the science image."""
        if self.difference is None or not self.difference.has_template:
            return ()
        return tuple(name for name in channels if name in MADE and name not in self.hdus)

    def require(self, channels: Sequence[str]) -> None:
        """Refuse settings that leave a channel without an image, or all of them."""
        layers = [name for name in channels if name in LAYERS and name not in self.hdus]
        subtracted = self.subtracted(channels)
        if subtracted and not {"science", "template"} <= set(self.hdus):
            raise SettingsError(f"channel {subtracted[0]!r} is made of science and template; hdus must name both")
        absent = set(channels) - set(self.hdus) - set(layers) - set(subtracted)
        if absent:
            raise SettingsError(f"hdus does not say where the image of channel {min(absent)!r} is")
        if layers and self.frames is None:
            raise SettingsError(f"channel {layers[0]!r} needs the key frames of images")
        if not set(channels) & {*self.hdus, *subtracted}:
            raise SettingsError("no channel has an image of its own; allowed: at least one channel of hdus")
