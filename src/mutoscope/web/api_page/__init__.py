"""A model's API page, made from its manifest: as HTML for people, as Markdown and llms.txt for programs.

One document holds every word (`content`, out of the parts in `document`); the template and `markdown` only write it
down. What is shown as an example is made in `snippets`; tables of schemas in `tables`. Read `views` for the addresses.
"""
