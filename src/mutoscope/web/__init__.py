"""The pages: what a person sees in a browser. HTML by templates, behaviour by small ES modules, no build step.

A page shows what the API tells and does what the API does: its scripts make the same calls as everybody else, with
the session's cookie in place of a key. Read `routes` for the list of pages, `render` for what each is wrapped in.
"""
