"""The checkpoints that draw (catalogue, limits, styles) and the kinds of pictures with the params of a request.

checkpoints.json → catalogue.Checkpoint → params.parse → kinds.Params; queues says which worker takes them.
"""
