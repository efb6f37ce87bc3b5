"""Only who paints loads torch: it would cost half a gigabyte and seconds at every start."""

import os
import subprocess
import sys
from pathlib import Path

from webapp.embedded import supervisor

PROJECT = Path(__file__).resolve().parents[2]
HEAVY = ["torch", "diffusers", "transformers", "huggingface_hub", "numpy", "cv2"]
# Everything that the web process imports, what it does with jobs, and what it says about checkpoints.
PROGRAM = f"""
import sys
import webapp.asgi
import generation.admin, generation.jobs.submission, generation.tasks, generation.jobs.description, generation.worker.runner
from generation.checkpoints import catalogue, params
params.parse({{"prompt": "a cat"}}, catalogue.get())
loaded = [name for name in {HEAVY} if name in sys.modules]
sys.exit(f"loaded: {{loaded}}" if loaded else 0)
"""

# What a worker imports before its first task, as the supervisor starts it.
FOR_PAGES = ["daphne", "twisted", "autobahn", "ninja", "pydantic", "jinja2", "django.test", "webapp.urls"]
WORKER = f"""
import sys
from webapp.celery import app
app.loader.init_worker()
assert "boards.tasks.record_versions" in app.tasks and "generation.tasks.generate" in app.tasks
loaded = [name for name in {HEAVY + FOR_PAGES} if name in sys.modules]
sys.exit(f"loaded: {{loaded}}" if loaded else 0)
"""


def test_the_web_process_never_imports_torch() -> None:
    run(PROGRAM)


def test_a_worker_imports_neither_torch_nor_the_pages_until_it_must() -> None:
    run(WORKER, **supervisor.WORKER)


def run(program: str, **environment: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "webapp.settings"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr[-2000:]
