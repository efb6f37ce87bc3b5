"""The elements of a board: their check, the merge rule, and their rows in Postgres.

raw JSON → element.parse (fields, annotations, hatching) → Element → store.apply (reconcile, tombstones) → Change;
replaced versions are kept by revisions.
"""
