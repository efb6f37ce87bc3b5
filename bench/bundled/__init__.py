"""How well and how fast the built-in model draws, over twenty sketches and without a browser."""
