"""Checks all that Atelier needs; each line of the output is ok or names the fix."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management.base import BaseCommand

from generation.checkpoints import catalogue
from generation.jobs import heartbeat
from webapp import health
from webapp.embedded.supervisor import DISK_FREE_MIN_BYTES

FIXES = {
    "database": "Is Atelier running (`make run`)? Else: does DATABASE_URL name a PostgreSQL that accepts it?",
    "redis": "Is Atelier running (`make run`)? Else: does REDIS_URL name a Redis that accepts it?",
    "storage": "Can STORAGE_URL be written? For s3:// see S3_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.",
    "workers": "Start one: celery -A webapp worker -P threads -c 2 -Q gpu.",
}


class Finding(NamedTuple):
    name: str
    ok: bool
    says: str


class Command(BaseCommand):
    help = "Checks database, Redis, storage, workers, accelerator, checkpoint files and disk. Exit 1 if one is broken."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        findings = [
            finding for look in (_dependencies, _accelerator, _checkpoints, _disk) for finding in look()
        ]
        for name, ok, says in findings:
            mark = self.style.SUCCESS("ok ") if ok else self.style.ERROR("BAD")
            self.stdout.write(f"{mark} {name:12} {says}")
        if not all(finding.ok for finding in findings):
            raise SystemExit(1)


def _dependencies() -> Iterator[Finding]:
    checks: dict[str, Callable[[], dict[str, Any]]] = health.CHECKS
    for name, check in checks.items():
        entry = check()
        yield Finding(
            name, entry["ok"], "answers" if entry["ok"] else f"{entry['reason'].strip()} → {FIXES[name]}"
        )


def _accelerator() -> Iterator[Finding]:
    for worker in heartbeat.alive():
        yield Finding("accelerator", True, f"{worker['name']}: device: {worker.get('device') or 'none'}")


def _checkpoints() -> Iterator[Finding]:
    default = catalogue.default()
    for worker in heartbeat.alive():
        report = worker.get("checkpoints", {}).get(default.name, {})
        if report.get("status") == "failed":
            yield Finding("checkpoint", False, f"{default.name}: {report.get('reason')}")
            return
    yield Finding("checkpoint", True, f"{default.name} ({default.title})")


def _disk() -> Iterator[Finding]:
    settings.ATELIER_HOME.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.ATELIER_HOME).free
    ok = free >= DISK_FREE_MIN_BYTES
    says = f"{free / 2**30:.1f} GB free at {settings.ATELIER_HOME}"
    yield Finding("disk", ok, says if ok else f"{says} → make room, or set ATELIER_HOME to another disk.")
