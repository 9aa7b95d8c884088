-- Webhooks: who wants to be told what (endpoints, and the address a single request brought along), the outbox of what
-- is to be told, and what came of each try. The columns added to `requests` may be null, so that the program of the
-- version before goes on working.

alter table requests add column base_url text;
alter table requests add column webhook_url text;
alter table requests add column webhook_events text;

create table webhook_endpoints (
  id text primary key,
  account_id text not null,
  url text not null,
  events text not null,                 -- states separated by spaces
  models text not null,                 -- JSON list of model ids; empty: every model
  description text not null,
  enabled integer not null,
  disabled_reason text not null default '',
  secret text not null,
  previous_secret text,                 -- signs beside the new one until previous_until_ms
  previous_until_ms bigint,
  created_ms bigint not null
);
create index webhook_endpoints_list on webhook_endpoints (account_id, created_ms, id);

-- What signs the webhooks that requests bring along: one per account.
create table webhook_secrets (
  account_id text primary key,
  secret text not null,
  previous_secret text,
  previous_until_ms bigint,
  created_ms bigint not null
);

-- The outbox. A row is written in the transaction that moves the request. Leasing a row sets due_ms to the end of the
-- lease and counts `attempt`, which fences the outcome; `tries` counts those since it was written or replayed.
create table webhook_deliveries (
  id text primary key,
  account_id text not null,
  endpoint_id text,                     -- null: the request brought the address along
  request_id text,                      -- null: a test event
  model_id text not null,
  event_id text not null,
  type text not null,                   -- request.<state> or webhook.test
  event_ms bigint not null,
  url text not null,
  destination text not null,            -- those of one destination wait for each other, never for another's
  state text not null,                  -- pending, delivered or failed
  attempt integer not null default 0,
  tries integer not null default 0,
  due_ms bigint not null,
  created_ms bigint not null,
  finished_ms bigint,
  error text
);
create index webhook_deliveries_due on webhook_deliveries (destination, due_ms) where state = 'pending';
create index webhook_deliveries_list on webhook_deliveries (account_id, created_ms, id);
create index webhook_deliveries_request on webhook_deliveries (request_id) where request_id is not null;

create table webhook_attempts (
  delivery_id text not null,
  attempt integer not null,
  at_ms bigint not null,
  duration_ms bigint not null,
  request_body text not null,
  response_status integer,              -- null: there was no answer
  response_body text not null,
  error text,
  primary key (delivery_id, attempt)
);
