-- Who works, for the servers that share this database: each writes down the workers that ask it.

create table workers (
  name text primary key,
  engines text not null,                -- names, with spaces between them
  warm text not null,                   -- ids of loaded models, as JSON
  is_free integer not null,             -- it waited for work
  heard_ms bigint not null
);
create index api_keys_of_workers on api_keys (scopes) where scopes = 'worker';
