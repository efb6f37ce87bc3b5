"""Recipes over diffusers pipelines and how their weights are loaded. Never imported by the web process."""
