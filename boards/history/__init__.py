"""The history of a board: its versions, restoring one, and undoing one person's changes.

versions → elements.revisions → store.apply; version_scene has the scene and the thumbnail of a version.
"""
