"""Why a candidate got its score, in one sentence: groups of features and the words for their values.

The features are those of `pipeline.features`; "bright" is the one of science image and template with more flux at the
centre, "faint" the other, which is the template of a source that brightened.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

REASON: Final = "reason"
"""The column of scores."""

NO_REASON: Final = "nothing stands out"

LEAST: Final = 0.01
"""A group that moves the logit by less is not named."""

Row = Mapping[str, float]


class Said(NamedTuple):
    """What a group says of a candidate, and whether that is odd for a source that is real."""

    words: str
    odd: bool


Words = Callable[[Row, Mapping[str, str]], Said]


@dataclass(frozen=True, kw_only=True)
class ReasonGroup:
    """Features that say the same of a candidate.

    Attributes
    ----------
    features : tuple of str
        Names, ``*`` for any letters; a feature is of the first group that has it.
    words : callable
        From a row's features by name, and the names of its ``bright`` and ``faint`` image, to what they say.
    """

    features: tuple[str, ...]
    words: Words


def _holes(row: Row, images: Mapping[str, str]) -> Said:
    gone = {images.get(name, name): row.get(f"{name}_missing_15", 0.0) for name in ("faint", "bright", "difference")}
    there = {name: share for name, share in gone.items() if share > 0}
    if not there:
        return Said("no pixels are missing", odd=False)
    of_images = [name for name in there if name != "difference"] or list(there)
    worst = max(of_images, key=lambda name: there[name])
    return Said(f"{worst} has a hole ({100 * there[worst]:.0f} % of the pixels near)", odd=True)


def _psf(row: Row, _images: Mapping[str, str]) -> Said:
    chi = _linear(row.get("difference_fit_core_chi", 0.0))
    return Said(f"PSF fit {'poor' if chi > 2 else 'good'}: chi {chi:.1f}", odd=chi > 2)


def _lobes(row: Row, _images: Mapping[str, str]) -> Said:
    share = row.get("difference_negative_share", 0.0)
    odd = share > 0.25
    return Said(f"{'' if odd else 'no '}negative lobes ({100 * share:.0f} % of the light)", odd)


def _width(row: Row, _images: Mapping[str, str]) -> Said:
    fwhm = row.get("difference_fit_fwhm", 0.0)
    width = "narrower than" if fwhm < 2 else "wider than" if fwhm > 6 else "as wide as"
    return Said(f"{width} a PSF ({fwhm:.1f} pixels)", odd=not 2 <= fwhm <= 6)


def _symmetry(row: Row, _images: Mapping[str, str]) -> Said:
    value = row.get("difference_asymmetry_half", 0.0)
    return Said(f"{'lopsided' if value > 1 else 'symmetric'} (asymmetry {value:.1f})", odd=value > 1)


def _line(row: Row, _images: Mapping[str, str]) -> Said:
    value = row.get("difference_line_both_sides", 0.0)
    return Said(f"{'a' if value > 0.8 else 'no'} line runs through it ({value:.2f} of its peak)", odd=value > 0.8)


def _crowd(row: Row, _images: Mapping[str, str]) -> Said:
    odd = row.get("difference_others_bright", 0.0) + row.get("difference_others_dark", 0.0) > 0.5
    return Said(f"{'' if odd else 'no '}other residuals around it", odd)


def _structure(row: Row, images: Mapping[str, str]) -> Said:
    shift, left, where = row.get("shift_coefficient", 0.0), row.get("unexplained_structure", 1.0), images["faint"]
    if left < 0.5:
        return Said(f"a shifted or scaled {where} explains it (shift {shift:.1f} pixels)", odd=True)
    return Said(f"no shift of the {where} explains it ({100 * left:.0f} % left)", odd=False)


def _light(row: Row, images: Mapping[str, str]) -> Said:
    share = row.get("faint_over_bright", 0.0)
    odd = share > 0.3
    return Said(f"{'a' if odd else 'no'} source in the {images['faint']} ({share:.2f} of the flux)", odd)


def _strength(row: Row, _images: Mapping[str, str]) -> Said:
    snr = _linear(row.get("difference_fit_snr", 0.0))
    return Said(f"{'bright' if snr > 5 else 'faint'} (signal to noise {snr:.1f})", odd=snr <= 5)


def _noise(row: Row, _images: Mapping[str, str]) -> Said:
    ratio = row.get("noise_difference_bright", 1.0)
    return Said(f"noise of the difference {ratio:.1f} times that of the image", odd=ratio > 2)


def _profile(row: Row, images: Mapping[str, str]) -> Said:
    share = row.get("bright_fit_explained", 0.0)
    return Said(f"shape in the {images['bright']} (a Gaussian explains {100 * share:.0f} %)", odd=share < 0.5)


def _rest(_row: Row, images: Mapping[str, str]) -> Said:
    return Said(f"what the {images['faint']} shows there", odd=False)


def _columns(_row: Row, _images: Mapping[str, str]) -> Said:
    return Said("columns of the candidate", odd=False)


GROUPS: Final[Mapping[str, ReasonGroup]] = {
    "holes": ReasonGroup(features=("*_missing", "*_missing_*", "missing_nearest"), words=_holes),
    "strength": ReasonGroup(
        features=("difference_fit_snr", "difference_peak_snr", "star_amplitude_snr", "static_peak_snr", "field_snr"),
        words=_strength,
    ),
    "lobes": ReasonGroup(
        features=("difference_negative_share", "difference_dark*", "difference_light*", "difference_moment_positive",
                  "difference_net_*", "difference_*_dip", "difference_wide_top"),
        words=_lobes,
    ),
    "symmetry": ReasonGroup(features=("difference_asymmetry_*", "difference_moment_s[hk]*", "difference_moment_elong*",
                                      "difference_scatter_*"), words=_symmetry),
    "width": ReasonGroup(
        features=("difference_fit_fwhm", "difference_concentration*", "difference_sharpness", "difference_*_over_peak",
                  "difference_moment_size", "*_width_over_field", "width_difference_*", "difference_profile_*"),
        words=_width,
    ),
    "psf": ReasonGroup(features=("difference_fit_*", "psf_*"), words=_psf),
    "line": ReasonGroup(features=("*_line_*", "*_ray_*", "*_stripes_*", "*_cross_*"), words=_line),
    "crowd": ReasonGroup(features=("difference_others_*", "*_neighbours"), words=_crowd),
    "structure": ReasonGroup(
        features=("unexplained_*", "star_*", "structure_needed", "gain_coefficient", "shift_coefficient", "residual_*",
                  "ring_*", "core_difference_*", "core_bright_faint", "offset_difference_*"),
        words=_structure,
    ),
    "light": ReasonGroup(
        features=("faint_over_*", "bright_over_*", "*_peak_over_difference", "fit_flux_*"), words=_light
    ),
    "noise": ReasonGroup(features=("noise_*", "difference_outer_rms", "difference_outliers", "gain_*"), words=_noise),
    "bright": ReasonGroup(features=("bright_*", "field_*"), words=_profile),
    "faint": ReasonGroup(features=("faint_*",), words=_rest),
    "columns": ReasonGroup(features=("*",), words=_columns),
}  # fmt: skip
"""Groups of features in the order in which they take them."""


TELLING: Final = ("holes", "psf", "lobes", "structure", "line", "crowd")
"""Groups that name a cause come first: what these show makes a source lopsided and odd in other ways, too."""


def grouped(columns: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Return the places of the features of each group that there are.

    Examples
    --------
    >>> {name: places.tolist() for name, places in grouped(["faint_missing", "difference_fit_chi", "elong"]).items()}
    {'holes': [0], 'psf': [1], 'columns': [2]}
    """
    found: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        name = next(
            name for name, group in GROUPS.items() if any(fnmatchcase(column, pattern) for pattern in group.features)
        )
        found.setdefault(name, []).append(place)
    return {name: np.asarray(found[name]) for name in GROUPS if name in found}


def sentence(contributions: Mapping[str, float], row: Row, *, real: bool, faded: bool) -> str:
    """Return why a candidate got its score, of the groups that contributed most: at most two of them.

    Of a bogus, what is odd for a source comes first, of a real what is not: features are alike, so that the share of
    one group alone does not tell which of them was it.

    Parameters
    ----------
    contributions : mapping of str to float
        By group, by how much the logit would move away from the candidate's class if these features were usual for the
        other class.
    row : mapping of str to float
        Its features by name.
    real : bool
        Whether it is called real.
    faded : bool
        Whether the template is the brighter image.

    Examples
    --------
    >>> row = {"faint_missing_15": 0.12, "difference_fit_core_chi": 0.7}
    >>> sentence({"holes": 2.0, "psf": 0.5, "light": 0.7}, row, real=False, faded=False)
    'template has a hole (12 % of the pixels near), PSF fit poor: chi 4.0'
    """
    images = {"bright": "science image", "faint": "template"}
    if faded:
        images = {"bright": "template", "faint": "science image"}
    said = {name: GROUPS[name].words(row, images) for name, share in contributions.items() if share >= LEAST}
    order = sorted(said, key=lambda name: -contributions[name])
    named = sorted(order, key=lambda name: name not in TELLING)
    fitting = [said[name].words for name in named if said[name].odd != real]
    return ", ".join(fitting[:2] or [said[name].words for name in order[:1]]) or NO_REASON


def column_sentence(contributions: Mapping[str, float], row: Row, usual: Row, *, other: str) -> str:
    """Return why a row of a table got its score: the columns that contributed most, at most two, with their values.

    Parameters
    ----------
    contributions : mapping of str to float
        By column, as of `sentence`.
    row : mapping of str to float
        Its values; NaN is missing.
    usual : mapping of str to float
        What is usual for the other class.
    other : str
        The name of that class.

    Examples
    --------
    >>> column_sentence({"elong": 1.2, "fwhm": 0.001}, {"elong": 3.21, "fwhm": 2.0}, {"elong": 1.1}, other="real")
    'elong is 3.21 (usual for real: 1.1)'
    """
    named = sorted(
        (name for name, share in contributions.items() if share >= LEAST), key=lambda name: -contributions[name]
    )
    said = [
        f"{name} is {'missing' if np.isnan(row[name]) else f'{row[name]:.3g}'} (usual for {other}: {usual[name]:.3g})"
        for name in named[:2]
    ]
    return ", ".join(said) or NO_REASON


def _linear(value: float) -> float:
    """Return the number of which `pipeline.features.bounded.logarithm` was taken."""
    return float(np.sign(value) * (10 ** abs(value) - 1))
