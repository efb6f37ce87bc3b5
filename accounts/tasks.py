"""Celery tasks: delete what accounts no longer need."""

import time
from datetime import timedelta
from itertools import islice
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from accounts.models import User


@shared_task
def forget_guests() -> int:
    """Delete guests that own nothing and have not come for GUEST_KEPT_DAYS. Returns how many."""
    old = timezone.now() - timedelta(days=settings.GUEST_KEPT_DAYS)
    never = Q(last_login=None, date_joined__lt=old)  # signed up, and confirmed no address
    idle = User.objects.filter(never | Q(last_login__lt=old), is_guest=True, owned_boards=None, jobs=None)
    return idle.delete()[1].get("accounts.User", 0)


@shared_task
def forget_sessions() -> int:
    """Delete sessions that expired, and those of deleted users. Returns how many."""
    count = Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]
    rows = Session.objects.iterator()
    while sessions := list(islice(rows, 500)):
        people = {session.pk: session.get_decoded().get(SESSION_KEY) for session in sessions}
        known = {
            str(pk)
            for pk in User.objects.filter(pk__in=filter(None, people.values())).values_list("pk", flat=True)
        }
        gone = [key for key, person in people.items() if person and person not in known]
        count += Session.objects.filter(pk__in=gone).delete()[0]
    return count


@shared_task
def forget_mails() -> int:
    """Delete mails that were written to files, once the links in them have expired. Returns how many."""
    old = time.time() - max(settings.PASSWORD_RESET_TIMEOUT, 7 * 24 * 3600)
    mails = [path for path in Path(settings.EMAIL_FILE_PATH).glob("*.log") if path.stat().st_mtime < old]
    for path in mails:
        path.unlink(missing_ok=True)
    return len(mails)
