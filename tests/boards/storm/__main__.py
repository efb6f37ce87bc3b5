import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
import django

django.setup()

from tests.boards.storm.run import main

raise SystemExit(main())
