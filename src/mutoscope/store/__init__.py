"""The durable truth: accounts, keys, requests, events, files and usage. See `store` for what can be asked."""
