-- What one key asked for, without a walk through all that its account did.

create index requests_of_key on requests (account_id, key_id, created_ms, id);
