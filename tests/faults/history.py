"""What must hold of a board after everything that happened to it."""

from collections.abc import Iterable

from boards.reconcile import takes_incoming
from tests.boards.storm.editor import Seen
from tests.faults.cluster import Cluster
from tests.faults.page import Page

SERVER_NONCE = 2**31
"""From here on nonces are the server's: it moved an element whose place was taken."""


def problems(cluster: Cluster, board: str, pages: Iterable[Page], drawn: list[Seen]) -> list[str]:
    """Every acknowledged edit is in the final scene or beaten by the merge rule; no refused one is; all see the same."""
    pages = list(pages)
    rows = {row[0]: row[1:] for row in cluster.rows(board)}
    by_content = {edit.x: edit for edit in drawn}
    found = []
    for page in pages:
        for edit in page.confirmed:
            row = rows.get(edit.id)
            if row is None:
                found.append(f"lost: {edit} was acknowledged to {page.name}, nothing is stored")
            elif takes_incoming((row[0], row[1]), edit.rank):
                found.append(f"lost: {edit} was acknowledged to {page.name}, stored is {row}")
        for edit in page.refused:
            row = rows.get(edit.id)
            if row is not None and (row[0], row[1]) == edit.rank:
                found.append(f"kept: {edit} was refused to {page.name}, and is stored")
    for element_id, (version, nonce, is_deleted, body) in rows.items():
        source = by_content.get(body["x"])
        if source is None or source.id != element_id or source.is_deleted != is_deleted:
            found.append(f"invented: {element_id} holds {body['x']}, which nobody drew there")
        elif source.rank != (version, nonce) and (nonce < SERVER_NONCE or version <= source.version):
            found.append(f"mixed: {element_id} holds {source} as version {version}, {nonce}")
    live = {i: (row[0], row[1], row[3]["x"], row[3]["index"]) for i, row in rows.items() if not row[2]}
    for page in pages:
        shown = {
            i: (e.version, e.version_nonce, e.x, e.index)
            for i, e in page.editor.held.items()
            if not e.is_deleted
        }
        for element_id in shown.keys() ^ live.keys():
            found.append(
                f"apart: {element_id} is on {'the page' if element_id in shown else 'the server'} only: {page.name}"
            )
        for element_id in shown.keys() & live.keys():
            if shown[element_id] != live[element_id]:
                found.append(f"apart: {page.name} shows {shown[element_id]}, stored is {live[element_id]}")
    indexes = [row[3]["index"] for row in rows.values()]
    if len(set(indexes)) != len(indexes):
        found.append(f"two elements at one index: {len(indexes) - len(set(indexes))}")
    return found
