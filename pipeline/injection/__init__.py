"""Injection: sources put into copies of images, at random places and on galaxies, with their noise."""

from pipeline.injection.draw import draw_injections
from pipeline.injection.hosts import Hosts, catalogued_hosts, detected_hosts, find_hosts, find_stars
from pipeline.injection.magnitudes import draw_magnitudes
from pipeline.injection.offsets import OFFSETS
from pipeline.injection.render import flux_of, inject_sources, trail
from pipeline.psf import Psf
from pipeline.recipes.injection import InjectionSettings

__all__ = [
    "OFFSETS",
    "Hosts",
    "InjectionSettings",
    "Psf",
    "catalogued_hosts",
    "detected_hosts",
    "draw_injections",
    "draw_magnitudes",
    "find_hosts",
    "find_stars",
    "flux_of",
    "inject_sources",
    "trail",
]
