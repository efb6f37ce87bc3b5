"""Boards in and out as files: .excalidraw, .excalidrawlib, PNG and SVG with the scene inside, zip.

in:   bytes → document.read → Document → incoming.add (→ renaming, layout, pictures) → store
out:  board → outgoing.contents → Contents → outgoing.document, embedding.into_png, archive.parts
"""
