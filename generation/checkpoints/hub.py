"""The Hugging Face hub: whether a checkpoint is downloaded, whether the hub may be asked, and its errors explained."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from generation.checkpoints.catalogue import Checkpoint
from generation.errors import CheckpointUnavailable

TRUE = {"1", "true", "yes", "on"}


def offline() -> bool:
    """True if nothing may be downloaded."""
    return (
        bool(getattr(settings, "ATELIER_OFFLINE", False))
        or os.environ.get("HF_HUB_OFFLINE", "").lower() in TRUE
    )


def cache_folder() -> str:
    """The folder of downloaded files: the hub's own cache, which other programs share, as its settings say."""
    from huggingface_hub import constants

    return str(constants.HF_HUB_CACHE)


def on_disk(checkpoint: Checkpoint) -> bool:
    """True if a checkpoint is on this disk, judged by its first file."""
    if checkpoint.folder:
        return (checkpoint.folder / "model_index.json").exists()
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(
        checkpoint.repo, "model_index.json", revision=checkpoint.revision, cache_dir=cache_folder()
    )
    return isinstance(found, str)


def how_to_fetch(checkpoint: Checkpoint) -> str:
    return f"run `manage.py checkpoints fetch {checkpoint.name}` on the worker's machine while it has network"


@contextmanager
def explained(checkpoint: Checkpoint) -> Iterator[None]:
    """Turns what the hub's libraries raise into CheckpointUnavailable, which says what to do."""
    import httpx2  # the HTTP client of huggingface_hub
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        yield
    except GatedRepoError as error:
        raise CheckpointUnavailable(
            f"{checkpoint.repo} asks for its licence to be accepted: do that at "
            f"https://huggingface.co/{checkpoint.repo}, then set HF_TOKEN."
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise CheckpointUnavailable(
            f"The hub has no {checkpoint.repo} at revision {checkpoint.revision}."
        ) from error
    except (httpx2.HTTPError, OSError, ValueError) as error:
        if on_disk(checkpoint):
            raise CheckpointUnavailable(
                f"The files of {checkpoint.name} are incomplete or damaged: {how_to_fetch(checkpoint)}."
            ) from error
        why = "no network is allowed here" if offline() else "the Hugging Face hub cannot be reached"
        raise CheckpointUnavailable(
            f"{checkpoint.title} is not on this machine and {why}: {how_to_fetch(checkpoint)}."
        ) from error
