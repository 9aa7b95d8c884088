"""Bytes by key: uploads, inputs and outputs. See `base` for the boundary."""
