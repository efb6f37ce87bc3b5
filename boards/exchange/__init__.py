"""Boards in and out as files: .excalidraw, .excalidrawlib, PNG and SVG with the scene inside, zip.

in:   bytes → document.read → Document → incoming.add (→ restore, renaming, layout, pictures) → store
      restore: each element made whole (mending, labels, pieces), then what they say of one another; lost: notes
out:  board → outgoing.contents → Contents → outgoing.document, embedding.into_png, archive.parts
"""
