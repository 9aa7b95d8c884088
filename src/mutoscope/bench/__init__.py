"""Programs that try the server itself: `mutoscope bench …`."""
