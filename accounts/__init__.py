"""Accounts: users, guests, API keys, scopes, rate limits, and the root of all errors. Imports no other app."""
