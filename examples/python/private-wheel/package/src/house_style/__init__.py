"""A package of one's own."""

STYLE = "house style 1.0"
