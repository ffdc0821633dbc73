"""How objects move around the Sun: on Kepler's ellipse, perturbed by the planets.

The pull of the planets is integrated (scipy's DOP853, with positions of the planets from erfa, the routines of the
IAU), because orbits that ignore it are wrong by more than a match radius some weeks after their epoch;
``docs/labels.md`` gives figures.
"""

from typing import Final

import erfa
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from pipeline.conversions import ARCSEC_PER_DEG, MJD_OF_JD
from pipeline.errors import InputError

GAUSS_SQUARED: Final = 0.01720209895**2
"""GM of the Sun in au^3/day^2."""
OBLIQUITY_RAD: Final = np.radians(84381.448 / ARCSEC_PER_DEG)
"""Between ecliptic and equator of J2000, as catalogues of orbits use it."""
_MASSES: Final = (
    1 / 6023600.0,
    1 / 408523.71,
    1 / 328900.56,
    1 / 3098708.0,
    1 / 1047.3486,
    1 / 3497.898,
    1 / 22902.98,
    1 / 19412.24,
)
"""Mercury to Neptune with their moons, in solar masses, in the order of erfa's ``plan94``."""


def heliocentric_state(orbits: pd.DataFrame, tt_mjd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return heliocentric position and velocity by two-body motion, equator J2000, ``(n, 6)`` in au and au/day.

    Raises
    ------
    InputError
        If an orbit is not an ellipse; it is named.
    """
    a, e = orbits["a_au"].to_numpy(float), orbits["eccentricity"].to_numpy(float)
    bad = ~((a > 0) & (e >= 0) & (e < 1))
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"orbit of {orbits['mover_id'].iloc[row]!r}: a_au is {a[row]:g} and eccentricity {e[row]:g}; "
            "allowed: a_au above 0, eccentricity from 0 to below 1"
        )
    motion = np.sqrt(GAUSS_SQUARED / a**3)
    mean = np.radians(orbits["mean_anomaly_deg"].to_numpy(float)) + motion * (
        tt_mjd - orbits["epoch_mjd"].to_numpy(float)
    )
    anomaly = eccentric_anomaly(mean, e)
    cosine, sine, root = np.cos(anomaly), np.sin(anomaly), np.sqrt(1 - e**2)
    rate = motion / (1 - e * cosine)
    along, across = _axes(orbits)
    position = a[:, None] * ((cosine - e)[:, None] * along + (root * sine)[:, None] * across)
    velocity = (a * rate)[:, None] * (-sine[:, None] * along + (root * cosine)[:, None] * across)
    return np.hstack([position, velocity])


def eccentric_anomaly(mean: NDArray[np.float64], eccentricity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve Kepler's equation E - e sin E = M, all in radians, to rounding; bisect if Newton's step overshoots."""
    mean = np.mod(mean + np.pi, 2 * np.pi) - np.pi
    low, high = mean - eccentricity, mean + eccentricity
    anomaly = mean + eccentricity * np.sin(mean)
    for _ in range(60):
        excess = anomaly - eccentricity * np.sin(anomaly) - mean
        low, high = np.where(excess <= 0, anomaly, low), np.where(excess >= 0, anomaly, high)
        step = anomaly - excess / (1 - eccentricity * np.cos(anomaly))
        following = np.where((step >= low) & (step <= high), step, (low + high) / 2)
        if np.all(np.abs(following - anomaly) <= 1e-14):
            return following
        anomaly = following
    return anomaly


def _axes(orbits: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the unit vectors towards perihelion and along the motion there, equator J2000, each ``(n, 3)``."""
    node, peri, tilt = (
        np.radians(orbits[name].to_numpy(float)) for name in ("node_deg", "perihelion_deg", "inclination_deg")
    )
    cn, sn, cp, sp, ci, si = np.cos(node), np.sin(node), np.cos(peri), np.sin(peri), np.cos(tilt), np.sin(tilt)
    along = np.stack([cn * cp - sn * sp * ci, sn * cp + cn * sp * ci, sp * si], axis=1)
    across = np.stack([-cn * sp - sn * cp * ci, -sn * sp + cn * cp * ci, cp * si], axis=1)
    co, so = np.cos(OBLIQUITY_RAD), np.sin(OBLIQUITY_RAD)
    turn = np.array([[1, 0, 0], [0, co, -so], [0, so, co]])
    return along @ turn.T, across @ turn.T


def integrated_state(start: NDArray[np.float64], epoch: float, tt: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return heliocentric states at times from those at an epoch, including the pull of the planets.

    Parameters
    ----------
    start : ndarray of float64, (n, 6)
        Position and velocity at the epoch, equator J2000, au and au/day.
    epoch : float
        MJD, TT.
    tt : ndarray of float64, (time,)
        MJD, TT, in any order, before and after the epoch.

    Returns
    -------
    ndarray of float64, (time, n, 6)
    """
    found = np.empty((len(tt), *start.shape))
    for chosen in (tt >= epoch, tt < epoch):
        if chosen.any():
            times, back = np.unique(tt[chosen], return_inverse=True)
            order = times if times[0] >= epoch else times[::-1]
            states = _solve(start, epoch, order)
            found[chosen] = (states if times[0] >= epoch else states[::-1])[back]
    return found


def _solve(start: NDArray[np.float64], epoch: float, order: NDArray[np.float64]) -> NDArray[np.float64]:
    if order[-1] == epoch:
        return np.broadcast_to(start, (len(order), *start.shape))
    answer = solve_ivp(
        _derivative, (epoch, order[-1]), start.T.ravel(), method="DOP853", t_eval=order, rtol=1e-9, atol=1e-11
    )
    if not answer.success:
        raise InputError(f"orbits of epoch {epoch}: the integration failed: {answer.message}")
    return np.asarray(answer.y.T.reshape(len(order), 6, -1).transpose(0, 2, 1))


def _derivative(time: float, flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return heliocentric velocities and accelerations: by the Sun, the planets, and the Sun's fall towards them."""
    state = flat.reshape(6, -1)
    position = state[:3]
    pull = -GAUSS_SQUARED * position / cubed(position)
    for number, mass in enumerate(_MASSES, start=1):
        planet = _planet(number, time)[:, None]
        away = planet - position
        pull = pull + GAUSS_SQUARED * mass * (away / cubed(away) - planet / cubed(planet))
    return np.concatenate([state[3:], pull]).ravel()


def _planet(number: int, time: float) -> NDArray[np.float64]:
    return np.asarray(erfa.plan94(MJD_OF_JD, time, number)["p"], dtype=np.float64)


def cubed(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cubed length of vectors ``(3, n)``."""
    return np.asarray((vectors**2).sum(axis=0) ** 1.5)
