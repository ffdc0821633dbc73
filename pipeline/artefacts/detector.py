"""What the sky or the detector writes into one image: trails, columns, cosmic rays, pixels, bleeds, edges."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.artefacts.registry import artefact
from pipeline.artefacts.stars import leave, structure, to_a_star
from pipeline.stamp_editing import DIFFERENCE, SCIENCE, TEMPLATE, Stamp, distance, recentre, source_image


def _offsets(stamp: Stamp) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    cy, cx = stamp.centre
    rows, columns = (np.arange(side, dtype=np.float32) for side in stamp.pixels.shape[:2])
    return rows[:, None] - cy, columns[None] - cx


def _peak(stamp: Stamp, rng: np.random.Generator, low: float, high: float) -> float:
    """Return a peak height, in pixel units, of a drawn signal to noise ratio in the difference."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))) * max(stamp.noise[DIFFERENCE], 1e-6))


def _write(stamp: Stamp, light: NDArray[np.float32], rng: np.random.Generator, template_share: float = 0.1) -> None:
    """Add light to the science image and the difference; at times to the template instead, with the other sign.

    Subtractions convolve what they subtract, so the difference mostly holds a softer copy than the image.
    """
    softer = ndimage.gaussian_filter(light, rng.uniform(0.25, 0.75)) if rng.random() < 0.7 else light
    from_template = rng.random() < template_share
    stamp.pixels[..., TEMPLATE if from_template else SCIENCE] += light
    stamp.pixels[..., DIFFERENCE] += -softer if from_template else softer


def _anywhere(stamp: Stamp, rng: np.random.Generator) -> None:
    """Centre the stamp on a random place, or half the time leave it."""
    if rng.random() < 0.5:
        reach = max(min(stamp.pixels.shape[:2]) // 2 - 9, 1)
        dy, dx = rng.integers(-reach, reach + 1, 2)
        recentre(stamp, int(dy), int(dx))


def _line(stamp: Stamp, rng: np.random.Generator, angle: float, width: float) -> NDArray[np.float32]:
    """Return a line near the centre, of unit height, of some length and uneven brightness."""
    dy, dx = _offsets(stamp)
    along = np.cos(angle) * dx + np.sin(angle) * dy
    across = -np.sin(angle) * dx + np.cos(angle) * dy - rng.uniform(-1, 1)
    line = np.exp(-0.5 * (across / width) ** 2)
    if rng.random() < 0.5:
        half = rng.uniform(4, 25)
        line = line / (1 + np.exp(np.clip((np.abs(along - rng.uniform(-half / 2, half / 2)) - half) / 0.7, -30, 30)))
    if rng.random() < 0.5:
        line = line * (1 + rng.uniform(0.1, 0.9) * np.sin(along / rng.uniform(1.5, 8) + rng.uniform(0, 6)))
    return line.astype(np.float32)


@artefact("trail", weight=0.08)
def trail(stamp: Stamp, rng: np.random.Generator) -> None:
    """Satellite, aircraft or spike of a bright star: a line at any angle, steady or flashing."""
    _anywhere(stamp, rng)
    angle, width = rng.uniform(0, np.pi), rng.uniform(0.5, 2.5)
    light = _peak(stamp, rng, 2.0, 40) * _line(stamp, rng, angle, width)
    if rng.random() < 0.4:
        light = light + _peak(stamp, rng, 5, 40) * source_image(
            stamp, rng.uniform(0.6, 1.3), stretch=rng.uniform(0, 0.5), angle=angle
        )
    _write(stamp, light, rng)


@artefact("bad_column", weight=0.06)
def bad_column(stamp: Stamp, rng: np.random.Generator) -> None:
    """Bad columns or rows of the detector, bright or dark, whole or cut, at times with a hot spot on them."""
    _anywhere(stamp, rng)
    angle = 0.0 if rng.random() < 0.35 else np.pi / 2
    sign = 1.0 if rng.random() < 0.5 else -1.0
    light = sign * _peak(stamp, rng, 1.0, 30) * _line(stamp, rng, angle, rng.uniform(0.25, 0.8))
    if rng.random() < 0.7:
        light = light + sign * _peak(stamp, rng, 5, 60) * source_image(
            stamp, rng.uniform(0.4, 1.2), stretch=rng.uniform(0, 0.5), angle=angle
        )
    _write(stamp, light.astype(np.float32), rng)


@artefact("echoes", weight=0.04)
def echoes(stamp: Stamp, rng: np.random.Generator) -> None:
    """Cross-talk, ghosts and flashes: the same spot again and again along a row or a line."""
    _anywhere(stamp, rng)
    angle = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)], p=[0.4, 0.2, 0.4])
    step, width = rng.uniform(7, 25), rng.uniform(0.6, 1.6)
    height = _peak(stamp, rng, 4, 50)
    light = np.zeros(stamp.pixels.shape[:2], dtype=np.float32)
    for k in (-3, -2, -1, 0, 1, 2, 3):
        strength = rng.uniform(0.5, 1.2) if k else 1.0
        light += height * strength * source_image(stamp, width, k * step * np.sin(angle), k * step * np.cos(angle))
    _write(stamp, light, rng, template_share=0.0)


@artefact("cosmic_ray", weight=0.1)
def cosmic_ray(stamp: Stamp, rng: np.random.Generator) -> None:
    """A particle: a few pixels in one exposure, sharper than any star, a dot or a short track."""
    _anywhere(stamp, rng)
    dy, dx = _offsets(stamp)
    angle, half = rng.uniform(0, np.pi), rng.choice([0.0, rng.uniform(0.3, 6)], p=[0.5, 0.5])
    sy, sx = rng.uniform(-0.5, 0.5, 2)
    along = np.cos(angle) * (dx - sx) + np.sin(angle) * (dy - sy)
    across = -np.sin(angle) * (dx - sx) + np.cos(angle) * (dy - sy)
    beyond = np.maximum(np.abs(along) - half, 0)
    light = np.exp(-0.5 * (across**2 + beyond**2) / rng.uniform(0.2, 0.55) ** 2)
    _write(stamp, (_peak(stamp, rng, 8, 150) * light).astype(np.float32), rng, template_share=0.0)


@artefact("hot_pixel", weight=0.1)
def hot_pixel(stamp: Stamp, rng: np.random.Generator) -> None:
    """Hot and dead pixels: one to four pixels, bright or dark, softened where the image was resampled."""
    _anywhere(stamp, rng)
    light = np.zeros(stamp.pixels.shape[:2], dtype=np.float32)
    cy, cx = stamp.centre
    for _ in range(int(rng.choice([1, 1, 2, 3, 4]))):
        y, x = rng.integers(-1, 2, 2) if light.any() else (0, 0)
        light[cy + y, cx + x] += rng.uniform(0.4, 1)
    if rng.random() < 0.6:
        light = ndimage.gaussian_filter(light, rng.uniform(0.25, 0.6))
    sign = 1.0 if rng.random() < 0.5 else -1.0
    _write(stamp, (sign * _peak(stamp, rng, 8, 150) / light.max() * light).astype(np.float32), rng)


@artefact("bleed", weight=0.03)
def bleed(stamp: Stamp, rng: np.random.Generator) -> None:
    """A saturated star beside the candidate: its charge runs along a column, its core is masked."""
    to_a_star(stamp, rng, bright=True)
    leave(stamp, structure(stamp, rng), rng, (10, 100))
    light = _peak(stamp, rng, 4, 60) * _line(
        stamp, rng, np.pi / 2 if rng.random() < 0.8 else 0.0, rng.uniform(0.4, 1.2)
    )
    _write(stamp, light, rng, template_share=0.0)
    away = rng.integers(3, 12) * rng.choice([-1, 1])
    recentre(stamp, int(away), int(rng.integers(-2, 3)))
    half = rng.uniform(2, 7)
    dy, dx = _offsets(stamp)
    stamp.missing[(np.abs(dy + away) <= half) & (np.abs(dx) <= half) & (np.hypot(dy, dx) > 1.5)] = True


@artefact("masked_edge", weight=0.03, centred=False)
def masked_edge(stamp: Stamp, rng: np.random.Generator) -> None:
    """The border of an image or a mask beside the candidate, with ringing or a lit rim along it."""
    dy, dx = _offsets(stamp)
    angle = rng.choice([0.0, np.pi / 2, np.pi, 1.5 * np.pi, rng.uniform(0, 2 * np.pi)])
    depth = np.cos(angle) * dx + np.sin(angle) * dy - rng.uniform(1, 6)
    sign = 1.0 if rng.random() < 0.5 else -1.0
    rim = np.exp(-np.abs(depth) / rng.uniform(0.7, 2.5)) * np.cos(depth * rng.uniform(0, 2.5))
    spot = source_image(stamp, rng.uniform(0.6, 1.8), stretch=rng.uniform(0, 0.6), angle=angle + np.pi / 2)
    light = sign * (_peak(stamp, rng, 2, 20) * rim + _peak(stamp, rng, 4, 40) * spot)
    _write(stamp, light.astype(np.float32), rng)
    stamp.missing[depth > 0.5] = True


@artefact("noise", weight=0.02)
def noise(stamp: Stamp, rng: np.random.Generator) -> None:
    """Nothing: a clump of correlated noise, a stripe pattern or an uneven sky, picked up as a source."""
    _anywhere(stamp, rng)
    shape = stamp.pixels.shape[:2]
    clumps = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), rng.uniform(0.5, 4))
    clumps *= rng.uniform(0.7, 2) * stamp.noise[DIFFERENCE] / clumps.std()
    _write(stamp, clumps.astype(np.float32), rng, template_share=0.3)


@artefact("ghost", weight=0.01)
def ghost(stamp: Stamp, rng: np.random.Generator) -> None:
    """Stray light: a wide soft disc or its rim, far wider than the seeing."""
    y, x = rng.uniform(-12, 12, 2)
    near, radius = distance(stamp, y, x), rng.uniform(3, 20)
    light = 1 / (1 + np.exp(np.clip((near - radius) / rng.uniform(0.4, 3), -30, 30)))
    _write(stamp, (_peak(stamp, rng, 2, 15) * light).astype(np.float32), rng)
