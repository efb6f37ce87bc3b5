"""Measurements of a whole Atelier on this machine. `make bench` runs them; nothing here decides whether CI passes."""
