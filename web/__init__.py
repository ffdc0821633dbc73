"""The eyeball page: people look at candidates, judge them by keyboard, and every verdict is stored as they go on."""

from typing import Final

PAGE_VERSION: Final = "1"
"""Version of the page that is stored with each verdict; raise it when what a person sees or presses changes."""
