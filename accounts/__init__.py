"""People: the custom User, guests, API keys. Imports no other app."""
