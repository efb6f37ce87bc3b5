"""The worker process: runs jobs from claim to finish, and draws live frames as they come.

tasks → runner → worker_process (engine, remotes, heartbeat); live_listener → engine.
"""
