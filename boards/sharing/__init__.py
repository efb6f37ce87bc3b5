"""Sharing: share links, how a person is shown on a board, and the transfer of what a guest owns to an account.

Doors call `links`; `guest_transfer` answers a signal of accounts. Access follows from the rows: see boards.access.
"""
