"""Errors before Atelier runs. Each message is one line that names the fix."""


class CannotStart(Exception):
    """Atelier cannot start. The message is printed without a traceback."""
