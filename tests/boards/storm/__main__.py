"""Runs storms, or records what happened to single pages in some of them: see --help."""

import logging
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()
logging.disable(logging.CRITICAL)  # rooms say what they miss; here they miss a lot

from tests.boards.storm import record, run  # noqa: E402

if sys.argv[1:] == ["--record"]:
    record.write()
else:
    raise SystemExit(run.main())
