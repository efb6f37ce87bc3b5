"""Bring the database up to date and make the demo board, if there is to be one: what has to happen before Atelier serves."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from boards.pages import demo


class Command(BaseCommand):
    help = "Migrates the database and makes the public demo board if this instance wants one."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        if settings.ATELIER_DEMO_BOARD:
            demo.board()
