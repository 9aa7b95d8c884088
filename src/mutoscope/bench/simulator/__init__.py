"""A day of a site as arithmetic: arrivals, queues, GPUs and prices, without the software and without a GPU.

`reading` makes a scenario of a file, `arrivals` draws the requests, `events` runs the day, `day` sums it up, `sizing`
searches the smallest fleet, `site` works out what the API and the database have to do meanwhile.
"""
