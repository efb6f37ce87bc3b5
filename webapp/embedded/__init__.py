"""`make run`: a supervisor of web and worker processes, and of Postgres and Redis where no URL is given for them."""
