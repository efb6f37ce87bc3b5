"""How fast the room is: many people on one board, measured from outside, beside other products. See README.md."""
