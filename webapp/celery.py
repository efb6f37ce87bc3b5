"""The Celery application. Tasks carry hints only: the rows in Postgres are the truth."""

import os

from celery import Celery

from webapp import beat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

app = Celery("atelier")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
beat.install(app)
