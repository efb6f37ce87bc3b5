"""The elements of a board: what one may be, which of two versions stays, and their rows in Postgres.

Raw JSON → element.parse → Element → reconcile → store.apply → Change; replaced versions go to revisions.
"""
