"""The one thread of a worker process that owns torch. Never imported by the web process."""
