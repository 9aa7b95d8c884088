-- What a request of this key that says nothing about the cache does: 1 uses it.

alter table api_keys add column use_cache integer not null default 0;
