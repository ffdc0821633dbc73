"""What a survey says of its own candidates: how many a night has, and which share of them is real."""

from dataclasses import dataclass

from pipeline.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class NightRates:
    """The survey's keys of the same names; None where it states none.

    Attributes
    ----------
    base_rate : float or None
        Share of reals among the candidates, 0 to 1.
    candidates_per_night : float or None
        Number of candidates of a usual night, above 0.
    """

    base_rate: float | None = None
    candidates_per_night: float | None = None

    def required_base_rate(self, what: str) -> float:
        """Return the base rate, which must lie between 0 and 1.

        Parameters
        ----------
        what : str
            What needs it, for the message.

        Raises
        ------
        SettingsError
            If none is stated, or it is 0 or 1: then candidates of one class alone are expected.
        """
        if self.base_rate is None or not 0.0 < self.base_rate < 1.0:
            stated = "the survey states none" if self.base_rate is None else f"the survey's is {self.base_rate:g}"
            raise SettingsError(
                f"{what} needs a 'base_rate', and {stated}; allowed: between 0 and 1, ends excluded, the share of "
                "reals among the survey's candidates"
            )
        return self.base_rate

    def arguments(self, names: tuple[str, ...], what: str) -> dict[str, float]:
        """Return the named ones as arguments of a threshold rule.

        Parameters
        ----------
        names : tuple of str
            Of the attributes.
        what : str
            What needs them, for the message.

        Raises
        ------
        SettingsError
            As of `required_base_rate`, or if the number of candidates is needed and not stated.
        """
        found = {}
        if "base_rate" in names:
            found["base_rate"] = self.required_base_rate(what)
        if "candidates_per_night" in names:
            if self.candidates_per_night is None:
                raise SettingsError(
                    f"{what} needs 'candidates_per_night', and the survey states none; allowed: a number above 0, the "
                    "candidates of a usual night"
                )
            found["candidates_per_night"] = self.candidates_per_night
        return found
