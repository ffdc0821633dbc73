"""One function a task: what each Luigi task calls, and what only it needs."""
