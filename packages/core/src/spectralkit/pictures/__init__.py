"""Image files of every kind that is read, as images in [0, 1]: explicitly scaled, never guessed."""
