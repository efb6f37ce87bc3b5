"""What pictures can be made with: catalogue entries, their limits and styles, and the params that a request may carry.

checkpoints.json → catalogue.Checkpoint → params.parse → Params; queues says which worker takes them.
"""
