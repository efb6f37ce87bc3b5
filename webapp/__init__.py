"""Wiring: settings, routes, ASGI application, Celery, health, and the servers of `make run`. Imported by no other package."""

from webapp.celery import app as celery_app

__all__ = ["celery_app"]
