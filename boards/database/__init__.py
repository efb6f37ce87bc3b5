"""Connections to Postgres: who keeps one while they wait for something else, and who has some of their own."""

import threading
from dataclasses import dataclass

from django.db import connection


@dataclass
class _Lane(threading.local):
    rooms: bool = False


_lane = _Lane()


def give_back() -> None:
    """Return this thread's connection to its pool; the next query takes one again.

    For whoever is about to wait for something that is not the database. Without one, and within a transaction, nothing happens.
    """
    if connection.connection is not None and not connection.in_atomic_block:
        connection.close()


def enter_rooms() -> None:
    """From now on this thread is one of the rooms': it takes its connections from their own pool.

    So that requests, however many wait for a connection, never keep a stroke from being saved.
    """
    _lane.rooms = True


def is_rooms() -> bool:
    return _lane.rooms
