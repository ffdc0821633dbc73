"""Case-insensitive patterns of file names, to say which files a pattern missed only because of their case."""


def any_case(pattern: str) -> str:
    """Return a pattern that matches each letter in either case.

    Examples
    --------
    >>> any_case("raw/*.fit[s]")
    '[rR][aA][wW]/*.[fF][iI][tT][s]'
    """
    inside, letters = False, []
    for letter in pattern:
        inside = letter == "[" or (inside and letter != "]")
        letters.append(f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() and not inside else letter)
    return "".join(letters)
