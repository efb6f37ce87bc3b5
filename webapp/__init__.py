"""Wiring: settings, routes, processes. No other package imports it."""

from webapp.celery import app as celery_app

__all__ = ["celery_app"]
