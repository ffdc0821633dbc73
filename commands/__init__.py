"""The verbs of ``nightsift`` that are no tasks: one file each."""
