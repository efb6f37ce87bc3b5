"""Pages of boards as Django serves them: home, list of boards, the board, link previews, and the demo board."""
