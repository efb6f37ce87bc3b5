"""What can go wrong before Atelier runs. Each message is one line that names the fix."""


class CannotStart(Exception):
    """Printed as it is, without a traceback."""
