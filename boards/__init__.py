"""Shared boards: their elements, who may do what, the live room, files and finished pictures."""
