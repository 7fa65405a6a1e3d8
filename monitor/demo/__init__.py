"""A small news world to try the program on."""
