import numpy as np
from matplotlib.colors import to_rgb

from pipeline.plots.style import BOGUS_COLOUR, MODEL_COLOURS, MODEL_LINES, MODEL_MARKERS, REAL_COLOUR

PROTANOPIA = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
)
"""Simulation of complete colour blindness, linear RGB (Machado, Oliveira & Fernandes 2009)."""


def seen(colour, sight):
    return np.clip(sight @ (np.array(to_rgb(colour)) ** 2.2), 0, 1) ** (1 / 2.2)


def test_real_and_bogus_stay_apart_for_every_kind_of_sight():
    for sight in (np.eye(3), PROTANOPIA, DEUTERANOPIA):
        assert np.linalg.norm(seen(REAL_COLOUR, sight) - seen(BOGUS_COLOUR, sight)) > 0.4


def test_models_differ_by_more_than_colour():
    assert len(set(MODEL_LINES)) == len(set(MODEL_MARKERS)) == len(MODEL_COLOURS)
