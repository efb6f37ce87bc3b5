"""What must hold of a board after everything that happened to it."""

from collections.abc import Iterable, Iterator
from typing import Any

from boards.elements.reconcile import takes_incoming
from tests.boards.storm.editor import Seen
from tests.faults.cluster import Cluster
from tests.faults.page import Page

SERVER_NONCE = 2**31
"""From here on nonces are the server's: it moved an element whose place was taken."""

Rows = dict[str, tuple[int, int, bool, dict[str, Any]]]
"""Element id → version, nonce, whether it is deleted, body."""


def problems(cluster: Cluster, board: str, pages: Iterable[Page], drawn: list[Seen]) -> list[str]:
    """Every acknowledged edit is in the final scene or beaten by the merge rule; no refused one is; all see the same.

    drawn: every edit that anybody made. Call it when all is calm.
    """
    rows: Rows = {row[0]: row[1:] for row in cluster.rows(board)}
    found = [*_invented(rows, drawn), *_crowded(rows)]
    for page in pages:
        found += [*_lost(rows, page), *_kept(rows, page), *_apart(rows, page)]
    return found


def _lost(rows: Rows, page: Page) -> Iterator[str]:
    for edit in page.confirmed:
        row = rows.get(edit.id)
        if row is None or takes_incoming(row[:2], edit.rank):
            yield f"lost: {edit} was acknowledged to {page.name}, stored is {row}"


def _kept(rows: Rows, page: Page) -> Iterator[str]:
    for edit in page.refused:
        if edit.id in rows and rows[edit.id][:2] == edit.rank:
            yield f"kept: {edit} was refused to {page.name}, and is stored"


def _invented(rows: Rows, drawn: list[Seen]) -> Iterator[str]:
    """What is stored was drawn, in that version, or moved by the server right after."""
    by_content = {edit.x: edit for edit in drawn}
    for element_id, (version, nonce, is_deleted, body) in rows.items():
        source = by_content.get(body["x"])
        if source is None or source.id != element_id or source.is_deleted != is_deleted:
            yield f"invented: {element_id} holds {body['x']}, which nobody drew there"
        elif source.rank != (version, nonce) and (nonce < SERVER_NONCE or version <= source.version):
            yield f"mixed: {element_id} holds {source} as version {version}, {nonce}"


def _crowded(rows: Rows) -> Iterator[str]:
    indexes = [body["index"] for *_, body in rows.values()]
    if len(set(indexes)) != len(indexes):
        yield f"{len(indexes) - len(set(indexes))} elements stand where another one stands"


def _apart(rows: Rows, page: Page) -> Iterator[str]:
    stored = {i: (row[0], row[1], row[3]["x"], row[3]["index"]) for i, row in rows.items() if not row[2]}
    held = page.editor.held.values()
    shown = {e.id: (e.version, e.version_nonce, e.x, e.index) for e in held if not e.is_deleted}
    for element_id in shown.keys() | stored.keys():
        if shown.get(element_id) != stored.get(element_id):
            yield f"apart: {page.name} has {shown.get(element_id)}, stored is {stored.get(element_id)} ({element_id})"
