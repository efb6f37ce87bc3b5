"""The engine beside stock diffusers, in one run. `make bench-engine` runs it; nothing here decides whether CI passes."""
