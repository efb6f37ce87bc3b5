"""One file for each protocol that the generator speaks."""

from importlib import import_module

from bench.room.drivers.driver import Driver
from bench.room.run import Spec

_CLASSES = {
    "atelier": "atelier.Atelier",
    "excalidraw-room": "excalidraw_room.ExcalidrawRoom",
    "hocuspocus": "hocuspocus.Hocuspocus",
    "tldraw": "tldraw.Tldraw",
}
NAMES = tuple(_CLASSES)


def driver_for(spec: Spec) -> Driver:
    """The driver of a spec. Imports only that one: some need packages that Atelier does not."""
    module, name = _CLASSES[spec.driver].split(".")
    made: Driver = getattr(import_module(f"{__name__}.{module}"), name)(spec)
    return made
