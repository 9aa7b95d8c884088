-- What was completed last, for quotes: how long such runs take on this server.

create index requests_done on requests (finished_ms) where state = 'completed';
