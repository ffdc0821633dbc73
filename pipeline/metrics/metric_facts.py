"""What a figure of merit says of itself, whatever it is computed from.

Tested by tests/conformance/test_metrics.py.
"""

from dataclasses import dataclass
from typing import TypeVar

from pipeline.registry import Registry


@dataclass(frozen=True, kw_only=True)
class MetricFacts:
    """One number of merit.

    Attributes
    ----------
    name, title : str
        Its key in metrics.json, and its name for a reader.
    unit : str
        ``"%"`` when the value (a fraction) reads best as per cent, else ``""``.
    larger_is_better : bool
        Whether a larger value is a better one.
    lowest, highest : float
        Its bounds.
    noise_adds : bool
        Noise of the sample can only raise it, so with an interval it is given without that noise.
    """

    name: str
    title: str
    unit: str = ""
    larger_is_better: bool
    lowest: float = 0.0
    highest: float = 1.0
    noise_adds: bool = False

    @property
    def name_without_interval(self) -> str:
        """Its key where it is given without an interval, such as ``plain_ece``.

        With an interval, a metric to which noise adds is given without that noise; without one it cannot be, and is
        another measure.
        """
        return f"plain_{self.name}" if self.noise_adds else self.name


M = TypeVar("M", bound=MetricFacts)


def enter(registry: Registry[M], entry: M) -> None:
    """Register a metric under its name.

    Parameters
    ----------
    registry : Registry
        Where it is registered.
    entry : MetricFacts
        The metric.
    """
    registry.register(entry.name, title=entry.title, unit=entry.unit, larger_is_better=entry.larger_is_better)(entry)
