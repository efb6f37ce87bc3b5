import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()

from tests.boards.storm.run import main  # noqa: E402

raise SystemExit(main())
