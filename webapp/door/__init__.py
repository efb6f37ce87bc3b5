"""Limits that hold before any view: connections of an address, size and pace of request bodies, pace of responses.

webapp.asgi wraps the application in them; daphne and uvicorn have their own where a server must be bounded inside.
"""
