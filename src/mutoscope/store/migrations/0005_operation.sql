-- Who may use a key from where, a second secret while one is replaced, what was done by whom, and what traces follow.
-- New columns may be null, so that the program of the version before goes on working.

alter table api_keys add column networks text;               -- separated by spaces; null: from anywhere
alter table api_keys add column previous_sha256 text;        -- opens beside the new one until previous_until_ms
alter table api_keys add column previous_until_ms bigint;
alter table api_keys add column last_used_ms bigint;         -- to the minute
create unique index api_keys_previous on api_keys (previous_sha256) where previous_sha256 is not null;

alter table requests add column traceparent text;            -- W3C Trace Context of the submit
create index requests_finished on requests (finished_ms, id) where finished_ms is not null;
create index files_uploaded on files (created_ms, id) where role = 'upload';
create index webhook_deliveries_finished on webhook_deliveries (finished_ms) where finished_ms is not null;

-- Every administrative act, written in its own transaction; no statement changes or removes a row.
create table audit_log (
  id text primary key,
  at_ms bigint not null,
  account_id text not null,             -- whose things were touched
  action text not null,                 -- such as key.created
  target text not null,                 -- the id of what was touched
  actor_account_id text,                -- null: the server itself, or the command line on its machine
  actor_key_id text,
  address text,                         -- where the call came from, when that is known
  before text not null,                 -- JSON, without secrets
  after text not null
);
create index audit_log_list on audit_log (at_ms, id);
