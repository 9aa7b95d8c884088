-- What was asked for, as a hash: of requests whose output may serve an equal one. Null: of all others.

alter table requests add column cache_key text;
create index requests_by_cache_key on requests (account_id, cache_key) where cache_key is not null;
