"""Image files: decoded and cleaned in a process of their own, framed for a model, stored under their content's name.

upload → header (cheap checks) → decoder → pixels, svg, stripping → storage; metadata writes how a picture was made.
"""
