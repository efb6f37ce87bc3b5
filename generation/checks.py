"""Django system checks of the catalogue."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from generation.checkpoints import catalogue
from generation.errors import CatalogueInvalid


@register
def catalogue_is_readable(**_: Any) -> list[CheckMessage]:
    try:
        catalogue.entries()
    except CatalogueInvalid as error:
        return [Error(error.message, hint="Mend the file, or remove it.", id="generation.E001")]
    return []
