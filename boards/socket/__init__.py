"""The websocket door: opens, authenticates and limits a connection, and hands its messages to the room.

consumers → authentication → registry of rooms; then each message: message_handler → access → room.
"""
