"""The report of a night: what came in and what became of it, scores beside earlier nights, candidates by exposure.

Tested by tests/pipeline/report/night/test_numbers.py and test_page.py.
"""

from pipeline.report.night.data import EarlierNight, NightData
from pipeline.report.night.numbers import night_numbers
from pipeline.report.night.page import exposure_page, night_page

__all__ = ["EarlierNight", "NightData", "exposure_page", "night_numbers", "night_page"]
