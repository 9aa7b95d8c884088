-- What a key may do, and fair sharing by it. New columns have defaults and `flows` stays, so that the program of the
-- version before goes on working beside this one.

-- null: no limit. `priority` is the most urgent one the key may ask for.
alter table api_keys add column weight double precision not null default 1;
alter table api_keys add column priority integer not null default 0;
alter table api_keys add column max_running bigint;
alter table api_keys add column max_queued bigint;
alter table api_keys add column rate_submits bigint;
alter table api_keys add column rate_window_s bigint;
alter table api_keys add column spend_microusd bigint;
alter table api_keys add column spend_period text;            -- day, month or total

-- `lane` is the key's id when the key may only have so many waiting or running, else empty: requests of a key that has
-- enough running are passed by as a whole. The claim order is (priority, tag, created_ms, id) within a lane.
-- A request that still waits at expires_ms fails.
alter table requests add column lane text not null default '';
alter table requests add column expires_ms bigint;
drop index requests_claim;
create index requests_queue on requests (model_id, lane, priority, tag, created_ms, id) where state = 'in_queue';
create index requests_lane on requests (lane, state) where lane <> '' and finished_ms is null;
create index requests_expiry on requests (expires_ms) where expires_ms is not null and state = 'in_queue';

-- Start-time fair queuing, one queue for each model and priority. `clocks` holds the virtual time: the tag, which is
-- the virtual start, of the request that was handed out last. `shares.tag` is where the key's last request ends;
-- `share` is what one request takes, 1 / weight. `turn`: not before this virtual time is it the turn of a key with
-- a lane, so that a key that was passed by does not catch up at the others' expense.
create table clocks (
  model_id text not null,
  priority integer not null,
  tag double precision not null,
  primary key (model_id, priority)
);
create table shares (
  model_id text not null,
  priority integer not null,
  key_id text not null,
  tag double precision not null,
  share double precision not null,
  turn double precision not null default 0,
  primary key (model_id, priority, key_id)
);
create index shares_tag on shares (model_id, priority, tag);
insert into shares (model_id, priority, key_id, tag, share) select model_id, 0, key_id, tag, 1 from flows;
insert into clocks (model_id, priority, tag)
  select model_id, priority, min(tag) from requests where state = 'in_queue' group by model_id, priority;

-- How far a key is: when its allowance of submits is whole again, and what its requests of a period cost or hold.
-- Only keys that are limited have a row. period_ms is null when the sum is to be made anew.
create table meters (
  key_id text primary key,
  tat_ms double precision not null default 0,
  period_ms bigint,
  spent_microusd bigint not null default 0
);

-- Claims of a model or key that may have only so many running pass here one at a time.
create table gates (
  name text primary key
);
