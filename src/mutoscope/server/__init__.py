"""The HTTP side: dialects, our own extras, the worker protocol. Start with `routes`."""
