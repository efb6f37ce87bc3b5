"""Print a new API key, and nothing else."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import api_keys
from accounts.models import User
from accounts.scopes import EVERY


class Command(BaseCommand):
    help = "Prints a new API key for the user with this e-mail address."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--create-user", action="store_true", help="make the user if there is none")
        parser.add_argument("--scopes", default="", help="comma-separated; none: all that the user may do")
        parser.add_argument("--staff", action="store_true", help="the user may enter the admin")

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        for unknown in sorted(set(scopes) - EVERY):
            self.stderr.write(f"Scope {unknown!r} allows nothing. Known are {', '.join(sorted(EVERY))}.")
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            if not options["create_user"]:
                raise CommandError(f"There is no user {options['email']}: add --create-user to make one.")
            user = User.objects.create_user(options["email"])
        if options["staff"] and not user.is_staff:
            user.is_staff = True
            user.save(update_fields=["is_staff"])
        self.stdout.write(api_keys.create(user, scopes))
