"""Django's backend for Postgres (ENGINE in the settings), with a second pool of connections for the rooms."""

from typing import Any, ClassVar

from django.db.backends.postgresql import base

from boards import database


class DatabaseWrapper(base.DatabaseWrapper):
    """A thread's connection. Its pool is chosen when the thread first asks for one."""

    _room_pools: ClassVar[dict[str, Any]] = {}

    def __init__(self, settings_dict: dict[str, Any], alias: str = "default") -> None:
        super().__init__(settings_dict, alias)
        if database.is_rooms():
            self._connection_pools = self._room_pools  # the base keeps the pools of all threads by alias
