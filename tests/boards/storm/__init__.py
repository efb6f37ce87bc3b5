"""A storm over one board: real rooms, a store in memory, a lossy bus, editors that come and go, in simulated time.

`python -m tests.boards.storm --seeds 0-99` runs it by hand; see run.py for the options.
"""
