"""Housekeeping."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts.models import User


@shared_task
def forget_guests() -> int:
    """Delete guests who were never here again and own nothing. Returns how many."""
    old = timezone.now() - timedelta(days=settings.GUEST_KEPT_DAYS)
    idle = User.objects.filter(is_guest=True, last_login__lt=old, owned_boards=None, jobs=None)
    return idle.delete()[1].get("accounts.User", 0)
