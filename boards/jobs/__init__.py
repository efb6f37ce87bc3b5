"""Jobs of a board: submitted for a region, shown there, and their pictures placed.

request → board_jobs.ask → rendering.snapshot → generation; images made → placement (same transaction) → candidates, acceptance.
"""
