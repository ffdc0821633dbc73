"""One function per task: what each Luigi task calls, and what only that task needs."""
