"""The library of Nightsift: astronomy and data handling, without luigi and without an ML framework."""
