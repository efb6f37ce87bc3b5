"""What every app needs to answer over HTTP and that knows no app: lists in pages, problems, streamed and kept responses.

Imports nothing of the project but `accounts.errors`.
"""
