"""One live board in one process: its sessions, the scene in memory, what is sent to them, and what is saved.

session → room.push → scene (merge) → fanout (next tick) and saver (store, then ack); peers does the same across processes.
"""
