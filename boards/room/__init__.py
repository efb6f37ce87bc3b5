"""One live board in one process: who is there, the scene in memory, what is told to whom, and what is saved.

session → room.push → scene (merge) → fanout (next tick) and saver (store, then ack); peers does the same across processes.
"""
