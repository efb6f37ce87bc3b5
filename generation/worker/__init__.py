"""The worker process: takes jobs one at a time from claim to finish, and frames of live boards as they come.

tasks → runner → worker_process (engine, remotes, heartbeat); live_listener → engine.
"""
