"""Jobs of a board: asked for a region, shown to everybody there, and their pictures placed.

request → board_jobs.ask → rendering.snapshot → generation; images made → placement (same transaction) → candidates, acceptance.
"""
