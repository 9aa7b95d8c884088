-- Times are whole milliseconds since 1970 in UTC, by the database's own clock. JSON is text. Money is micro-US-dollars.

create table meta (
  name text primary key,
  value text not null
);

create table accounts (
  id text primary key,
  name text not null unique,
  created_ms bigint not null
);

create table api_keys (
  id text primary key,
  account_id text not null,
  name text not null,
  key_sha256 text not null unique,
  prefix text not null,
  scopes text not null,                 -- words separated by spaces: run read admin
  created_ms bigint not null,
  expires_ms bigint,
  revoked_ms bigint
);

-- The queue is this table. Moves: see jobs.py. `attempt` fences the writes of a worker that lost its lease;
-- `tries` counts the attempts that were used up, which a released one is not. `tag` is the virtual finish time of
-- start-time fair queuing; the claim order is (priority, tag, created_ms, id) within one model.
create table requests (
  id text primary key,
  account_id text not null,
  key_id text not null,
  model_id text not null,
  state text not null,
  priority integer not null,
  tag double precision not null,
  created_ms bigint not null,
  run_after_ms bigint not null,
  started_ms bigint,
  finished_ms bigint,
  attempt integer not null default 0,
  tries integer not null default 0,
  max_attempts integer not null,
  time_limit_s integer not null,
  worker_id text,
  lease_until_ms bigint,
  seed bigint not null,
  inputs text not null,
  ignored_inputs text not null,
  idempotency_key text,
  body_sha256 text not null,
  progress double precision not null default 0,
  stage text not null default '',
  result text,
  error text,
  cost_microusd bigint not null default 0,
  unique (account_id, idempotency_key)
);
create index requests_claim on requests (model_id, priority, tag, created_ms, id) where state = 'in_queue';
create index requests_lease on requests (lease_until_ms) where state = 'in_progress';
create index requests_list on requests (account_id, created_ms, id);

create table flows (
  model_id text not null,
  key_id text not null,
  tag double precision not null,
  primary key (model_id, key_id)
);
create index flows_tag on flows (model_id, tag);

create table events (
  seq {serial_key},
  request_id text not null,
  at_ms bigint not null,
  kind text not null,                   -- state, progress or log
  data text not null
);
create index events_request on events (request_id, seq);

create table files (
  id text primary key,
  account_id text not null,
  request_id text,
  role text not null,                   -- upload, input or output
  name text not null,
  media_type text not null,
  size_bytes bigint not null,
  sha256 text not null,
  info text not null,                   -- what probing found, as JSON
  storage_key text not null,
  created_ms bigint not null
);
create index files_list on files (account_id, created_ms, id);
create index files_request on files (request_id) where request_id is not null;

-- One row per accepted request: held at submit, charged or released when it settles. It stays when the request is
-- deleted, so that the accounts add up.
create table usage (
  request_id text primary key,
  account_id text not null,
  key_id text not null,
  model_id text not null,
  created_ms bigint not null,
  state text not null,                  -- held, charged or released
  quantity double precision not null default 0,
  unit text not null default '',
  hold_microusd bigint not null,
  cost_microusd bigint not null default 0
);
create index usage_list on usage (account_id, created_ms, request_id);
