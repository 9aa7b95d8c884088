"""Generations: every run of an account, made on a page or by the API, and each with all that is known of it.

Read `views` for the addresses, `rows` for a line of the list, `details` for the page of one run.
"""
