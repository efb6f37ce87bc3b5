"""Load tests of the room: many clients on one board, measured from outside, beside other products. See README.md."""
