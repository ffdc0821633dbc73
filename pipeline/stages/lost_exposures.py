"""How many exposures, packets or stamps of a night may be lost before the night fails: ``max_lost_fraction``."""

from pipeline.errors import TooMuchLostError


def require_enough(
    night: str, lost: int, total: int, allowed: float, reasons: set[str], counted: str = "exposures"
) -> None:
    """Refuse a night of which too many exposures were lost.

    Parameters
    ----------
    night : str
        The night, for the message.
    lost, total : int
        How many exposures were lost, and how many there were.
    allowed : float
        The largest share that may be lost, 0 to 1.
    reasons : set of str
        Why they were lost; the message has the first three.
    counted : str
        What was counted, in the plural.

    Raises
    ------
    TooMuchLostError
        If a larger share was lost.
    """
    if total and lost / total > allowed:
        raise TooMuchLostError(
            f"night {night}: {lost} of {total} {counted} are unusable; max_lost_fraction allows {allowed:g}. "
            + "; ".join(sorted(reasons)[:3])
        )
