"""The Postgres and Redis that `make run` starts when no URL is given, and their supervisor."""
