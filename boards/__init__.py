"""Shared boards: their elements, who may do what, the live room, files, history and finished pictures.

socket → room → {jobs, history} → rendering → exchange → {files, sharing} → {elements, wire}; api and pages beside socket.
"""
