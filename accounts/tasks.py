"""Housekeeping."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.models import User


@shared_task
def forget_guests() -> int:
    """Delete guests who were never here again and own nothing. Returns how many."""
    old = timezone.now() - timedelta(days=settings.GUEST_KEPT_DAYS)
    never = Q(last_login=None, date_joined__lt=old)  # signed up, and confirmed no address
    idle = User.objects.filter(never | Q(last_login__lt=old), is_guest=True, owned_boards=None, jobs=None)
    return idle.delete()[1].get("accounts.User", 0)
