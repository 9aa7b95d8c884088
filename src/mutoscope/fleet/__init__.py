"""Who starts the workers. See `base` for the boundary and `local` for child processes of the server."""
