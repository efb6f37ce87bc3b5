"""Import and export of boards as files: .excalidraw, .excalidrawlib, PNG and SVG with the scene inside, zip.

import: bytes → document.read → Document → importing.import_document (restore, id_remapping, layout, document_files) → store
        restore: each element by itself (repair, labels, oversized), then their references; what changed: import_notes
export: board → exporting.contents → Contents → exporting.document, scene_in_image.into_png, archive.parts
"""
