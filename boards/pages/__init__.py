"""Pages of boards: home, list of boards, the board, joining by a link, link previews,
welcome boards, and the public demo board.

A view finds the principal, asks boards.access, and renders a template or sends a stored file.
"""
