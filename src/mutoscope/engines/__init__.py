"""Engines turn a task into files. See `base` for the boundary and `registry` for the list."""
