"""Versions of a board: made, looked at, gone back to; and undoing what one person did.

versions → elements.revisions → store.apply; version_scene shows one.
"""
