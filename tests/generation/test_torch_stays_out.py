"""The web process never loads torch: it would cost half a gigabyte and seconds at every start."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HEAVY = ["torch", "diffusers", "transformers", "huggingface_hub", "numpy"]
# Everything that the web process imports, what it does with jobs, and what it says about checkpoints.
PROGRAM = f"""
import sys
import webapp.asgi
import generation.admin, generation.submission, generation.tasks, generation.description, generation.runner
from generation import catalogue, params
params.parse({{"prompt": "a cat"}}, catalogue.get())
loaded = [name for name in {HEAVY} if name in sys.modules]
sys.exit(f"loaded: {{loaded}}" if loaded else 0)
"""


def test_the_web_process_never_imports_torch() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=PROJECT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "webapp.settings"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr[-2000:]
