"""What a stranger meets before any page: how many connections, how large and how slow a request may be."""
