"""How people get to a board and how they are shown there: share links, names and colours, what a guest takes along."""
