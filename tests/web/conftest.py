from eyeball_pages import browser, night  # noqa: F401
