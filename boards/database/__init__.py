"""Connections to Postgres: giving them back while something else is waited for, and a pool of their own for rooms."""

import threading
from dataclasses import dataclass

from django.db import connection


@dataclass
class _Lane(threading.local):
    rooms: bool = False


_lane = _Lane()


def give_back() -> None:
    """Return this thread's connection to its pool; the next query takes one again.

    Call it before waiting for something that is not the database. Without a connection, and within a transaction,
    nothing happens.
    """
    if connection.connection is not None and not connection.in_atomic_block:
        connection.close()


def enter_rooms() -> None:
    """Let this thread take its connections from the pool of the rooms from now on.

    So requests never keep a stroke from being saved, however many of them wait for a connection.
    """
    _lane.rooms = True


def is_rooms() -> bool:
    """True if this thread takes its connections from the pool of the rooms."""
    return _lane.rooms
