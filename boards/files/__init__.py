"""The bytes behind a file_id: checked and stored once, described for the page, deleted when no row names them.

upload → board_files → generation.images (decoded, cleaned) → storage; unreferenced sweeps the storage.
"""
