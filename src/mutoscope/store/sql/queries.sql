-- Every statement the product runs, one act each, by name. `{now_ms}` is the database's clock.
-- A change of state names the state it leaves; the caller checks the row count or what comes back.
-- PostgreSQL finds a parameter's type from its first use: one that is only compared with null, or added to another
-- parameter, is cast there.

-- name: meta_get
select value from meta where name = :name

-- name: meta_put
insert into meta (name, value) values (:name, :value) on conflict (name) do nothing

-- name: account_add
insert into accounts (id, name, created_ms) values (:id, :name, {now_ms}) on conflict (name) do nothing

-- name: account_first
select id, name from accounts order by created_ms, id limit 1

-- name: account_by_name
select id from accounts where name = :name

-- name: account_list
select a.id, a.name, a.created_ms,
       (select count(*) from api_keys k where k.account_id = a.id and k.revoked_ms is null
          and (k.expires_ms is null or k.expires_ms > {now_ms})) as keys,
       (select coalesce(sum(u.cost_microusd), 0) from usage_days u where u.account_id = a.id) as spent_microusd
from accounts a order by a.created_ms, a.id

-- name: model_changes
select model_id, enabled, engine, base_price_usd from model_changes

-- name: model_change_put
insert into model_changes (model_id, enabled, engine, base_price_usd, changed_ms)
values (:model_id, :enabled, :engine, :base_price_usd, {now_ms})
on conflict (model_id) do update
set enabled = excluded.enabled, engine = excluded.engine, base_price_usd = excluded.base_price_usd,
    changed_ms = excluded.changed_ms

-- name: model_change_delete
delete from model_changes where model_id = :model_id

-- name: limit_changes
select name, value from limit_changes

-- name: limit_change_put
insert into limit_changes (name, value) values (:name, :value) on conflict (name) do update set value = excluded.value

-- name: limit_change_delete
delete from limit_changes where name = :name

-- name: meta_drained
select name from meta where name like 'drained:%'

-- name: meta_delete
delete from meta where name = :name

-- name: running_list
select r.id, r.model_id, a.name as account, r.worker_id, r.attempt, r.progress, r.stage, r.started_ms
from requests r join accounts a on a.id = r.account_id
where r.state = 'in_progress' and r.lease_until_ms > 0
order by r.started_ms, r.id limit :limit

-- name: account_by_id
select id, name, created_ms from accounts where id = :id

-- name: key_add
insert into api_keys (id, account_id, name, key_sha256, prefix, scopes, networks, created_ms, expires_ms,
                      weight, priority, max_running, max_queued, rate_submits, rate_window_s, spend_microusd,
                      spend_period, use_cache)
values (:id, :account_id, :name, :key_sha256, :prefix, :scopes, :networks, {now_ms},
        {now_ms} + :expires_in_ms, :weight, :priority, :max_running, :max_queued, :rate_submits, :rate_window_s,
        :spend_microusd, :spend_period, :use_cache)

-- name: key_caller
select id, account_id, scopes, networks, weight, priority, max_running, max_queued, rate_submits, rate_window_s,
       spend_microusd, spend_period, use_cache
from api_keys
where key_sha256 = :key_sha256 and revoked_ms is null and (expires_ms is null or expires_ms > {now_ms})

-- name: key_caller_previous
select id, account_id, scopes, networks, weight, priority, max_running, max_queued, rate_submits, rate_window_s,
       spend_microusd, spend_period, use_cache
from api_keys
where previous_sha256 = :key_sha256 and previous_until_ms > {now_ms}
  and revoked_ms is null and (expires_ms is null or expires_ms > {now_ms})

-- name: key_rotate
update api_keys
set previous_sha256 = key_sha256, previous_until_ms = {now_ms} + :overlap_ms, key_sha256 = :key_sha256, prefix = :prefix
where id = :id and account_id = :account_id and revoked_ms is null and (expires_ms is null or expires_ms > {now_ms})

-- name: key_used
update api_keys set last_used_ms = {now_ms} where id = :id

-- name: key_list
select * from api_keys where account_id = :account_id order by created_ms, id

-- name: key_get
select * from api_keys where account_id = :account_id and id = :id

-- name: key_change
update api_keys
set name = :name, weight = :weight, priority = :priority, max_running = :max_running, max_queued = :max_queued,
    rate_submits = :rate_submits, rate_window_s = :rate_window_s, spend_microusd = :spend_microusd,
    spend_period = :spend_period, use_cache = :use_cache
where id = :id and account_id = :account_id

-- name: key_lane
update requests set lane = :lane where key_id = :key_id and finished_ms is null and lane <> :lane

-- name: key_revoke
update api_keys set revoked_ms = {now_ms} where id = :id and account_id = :account_id and revoked_ms is null

-- name: key_revoke_all
update api_keys set revoked_ms = {now_ms} where account_id = :account_id and revoked_ms is null

-- Those that let workers in.
-- name: worker_keys
select id, key_sha256, case when previous_until_ms > {now_ms} then previous_sha256 end as previous_sha256, networks
from api_keys
where scopes = 'worker' and revoked_ms is null and (expires_ms is null or expires_ms > {now_ms})

-- name: worker_heard
insert into workers (name, engines, warm, is_free, heard_ms)
values (:name, :engines, :warm, :is_free, {now_ms} - :ago_ms)
on conflict (name) do update
set engines = excluded.engines, warm = excluded.warm, is_free = excluded.is_free, heard_ms = excluded.heard_ms

-- name: worker_list
select name, engines, warm, is_free, {now_ms} - heard_ms as ago_ms from workers where heard_ms > {now_ms} - :silent_ms

-- name: worker_forget
delete from workers where heard_ms < {now_ms} - :silent_ms

-- name: key_owner
select id from api_keys
where account_id = :account_id and revoked_ms is null and (expires_ms is null or expires_ms > {now_ms})
  and ' ' || scopes || ' ' like '% admin %'
order by created_ms, id limit 1

-- name: session_add
insert into sessions (id, token_sha256, key_id, created_ms, expires_ms)
values (:id, :token_sha256, :key_id, {now_ms}, {now_ms} + :life_ms)

-- name: session_key
select k.key_sha256 from sessions s join api_keys k on k.id = s.key_id
where s.token_sha256 = :token_sha256 and s.expires_ms > {now_ms}

-- name: session_delete
delete from sessions where token_sha256 = :token_sha256

-- name: session_delete_expired
delete from sessions where expires_ms <= {now_ms}

-- name: request_by_idempotency_key
select id, body_sha256 from requests where account_id = :account_id and idempotency_key = :idempotency_key

-- Virtual time of a queue: the start of what was handed out last, or where the last one ends when nothing waits.
-- (In one statement with share_next, SQLite makes a temporary table for it: 50 us instead of 10.)
-- And how many endpoints of an account may want to hear of a request, for all that a submit reads it reads here.
-- name: queue_clock
select coalesce(
  case when exists (select 1 from requests where model_id = :model_id and state = 'in_queue')
  then (select tag from clocks where model_id = :model_id and priority = :priority)
  else (select max(tag) from shares where model_id = :model_id and priority = :priority) end,
  0.0) as clock,
  (select count(*) from webhook_endpoints where account_id = :account_id and enabled = 1) as endpoints

-- Where the key's next request ends. It starts one share before: see request_add.
-- name: share_next
insert into shares (model_id, priority, key_id, tag, share)
values (:model_id, :priority, :key_id, cast(:clock as double precision) + :share, :share)
on conflict (model_id, priority, key_id)
do update set tag = {greatest}(shares.tag, :clock) + :share, share = :share

-- The place of a request that needs no worker: the key's next one loses nothing by it.
-- name: share_keep
insert into shares (model_id, priority, key_id, tag, share)
values (:model_id, :priority, :key_id, cast(:clock as double precision) + :share, :share)
on conflict (model_id, priority, key_id) do nothing

-- name: clock_advance
insert into clocks (model_id, priority, tag) values (:model_id, :priority, :tag)
on conflict (model_id, priority) do update set tag = excluded.tag where clocks.tag < excluded.tag

-- name: share_turn
update shares set turn = {greatest}(:tag, (select tag from clocks where model_id = :model_id and priority = :priority))
                         + share
where model_id = :model_id and priority = :priority and key_id = :key_id

-- name: request_add
insert into requests (id, account_id, key_id, model_id, state, priority, tag, created_ms, run_after_ms,
                      max_attempts, time_limit_s, seed, inputs, ignored_inputs, idempotency_key, body_sha256,
                      base_url, webhook_url, webhook_events, traceparent, lane, base_price_usd, cache_key,
                      expires_ms)
values (:id, :account_id, :key_id, :model_id, 'in_queue', :priority,
        (select tag - share from shares where model_id = :model_id and priority = :priority and key_id = :key_id),
        {now_ms}, 0,
        :max_attempts, :time_limit_s, :seed, :inputs, :ignored_inputs, :idempotency_key, :body_sha256,
        :base_url, :webhook_url, :webhook_events, :traceparent, :lane, :base_price_usd, :cache_key,
        {now_ms} + :expires_in_ms)
on conflict (account_id, idempotency_key) do nothing

-- name: usage_hold
insert into usage (request_id, account_id, key_id, model_id, created_ms, state, hold_microusd)
values (:id, :account_id, :key_id, :model_id, {now_ms}, 'held', :hold_microusd)

-- name: usage_settle
update usage set state = :state, quantity = :quantity, unit = :unit, cost_microusd = :cost_microusd
where request_id = :id and state = 'held'
returning key_id, created_ms, hold_microusd

-- name: meter_open
insert into meters (key_id) values (:key_id) on conflict (key_id) do nothing

-- name: meter
select {now_ms} as now_ms, coalesce(m.tat_ms, 0.0) as tat_ms, m.period_ms,
       coalesce(m.spent_microusd, 0) as spent_microusd
from (select 1) as one left join meters m on m.key_id = :key_id

-- name: meter_locked
select tat_ms, period_ms, spent_microusd, {now_ms} as now_ms from meters where key_id = :key_id {for_update}

-- name: meter_set
update meters set tat_ms = :tat_ms, period_ms = :period_ms, spent_microusd = :spent_microusd where key_id = :key_id

-- What was held turned out to cost something else.
-- name: meter_settle
update meters set spent_microusd = spent_microusd + :cost_microusd - :hold_microusd
where key_id = :key_id and period_ms <= :created_ms

-- name: meter_forget
update meters set period_ms = null where key_id = :key_id

-- name: spent_since
select coalesce(sum(case when state = 'held' then hold_microusd else cost_microusd end), 0) from usage
where account_id = :account_id and key_id = :key_id and created_ms >= :from_ms

-- name: lane_queued
select count(*) from (
  select 1 from requests where lane = :lane and lane <> '' and finished_ms is null and state = 'in_queue'
  limit :cap) as counted

-- name: lane_running
select count(*) from requests where lane = :lane and lane <> '' and finished_ms is null and state = 'in_progress'

-- name: model_running
select count(*) from requests where state = 'in_progress' and model_id = :model_id

-- name: model_waiting
select count(*) from (
  select 1 from requests where state = 'in_queue' and model_id = :model_id and run_after_ms <= {now_ms} limit :most) w

-- name: key_unfinished
select 'in_queue' as state, count(*) as n from requests where state = 'in_queue' and key_id = :key_id
union all
select 'in_progress' as state, count(*) as n from requests where state = 'in_progress' and key_id = :key_id

-- name: queue_length
select count(*) from requests where state = 'in_queue'

-- name: gate_pass
insert into gates (name) values (:name) on conflict (name) do update set name = excluded.name

-- name: event_add
insert into events (request_id, at_ms, kind, data) values (:id, {now_ms}, :kind, :data)

-- name: event_list
select seq, request_id, at_ms, kind, data from events
where request_id = :id and seq > :after order by seq limit :limit

-- name: event_last_shown
select data from events
where request_id = :id and kind = 'progress' and data like '%"preview":%' order by seq desc limit 1

-- name: event_delete
delete from events where request_id = :id

-- name: request_state
select state from requests where id = :id

-- name: request_owned
select * from requests where id = :id and account_id = :account_id

-- name: request_status
select state, model_id, priority, tag, created_ms from requests where id = :id and account_id = :account_id

-- name: request_position
select count(*) from (
  select 1 from requests
  where model_id = :model_id and lane = '' and state = 'in_queue'
    and (priority, tag, created_ms, id) < (:priority, :tag, :created_ms, :id)
  union all
  select 1 from requests
  where model_id = :model_id and lane > '' and state = 'in_queue'
    and (priority, tag, created_ms, id) < (:priority, :tag, :created_ms, :id)
  limit :cap) as ahead

-- name: queue_places
select id from (
  select id, priority, tag, created_ms from (
    select id, priority, tag, created_ms from requests
    where model_id = :model_id and lane = '' and state = 'in_queue'
    order by priority, tag, created_ms, id limit :limit) as free
  union all
  select id, priority, tag, created_ms from requests
  where model_id = :model_id and lane > '' and state = 'in_queue') as waiting
order by priority, tag, created_ms, id limit :limit

-- Lists by state walk the few that wait, run or ended badly; all others are most of an account's history, and the page
-- is full soon. (`coalesce` keeps an index that would walk the history from being chosen.)
-- name: request_list
select * from requests
where account_id = :account_id
  and (cast(:state as text) is null or state = :state)
  and created_ms >= :after_ms and (created_ms, id) < (:cursor_ms, :cursor_id)
order by created_ms desc, id desc limit :limit

-- name: request_list_of_model
select * from requests
where account_id = :account_id and model_id = :model_id
  and (cast(:state as text) is null or state = :state)
  and created_ms >= :after_ms and (created_ms, id) < (:cursor_ms, :cursor_id)
order by created_ms desc, id desc limit :limit

-- name: request_list_of_key
select * from requests
where account_id = :account_id and key_id = :key_id
  and (cast(:state as text) is null or state = :state)
  and (cast(:model_id as text) is null or coalesce(model_id, '') = :model_id)
  and created_ms >= :after_ms and (created_ms, id) < (:cursor_ms, :cursor_id)
order by created_ms desc, id desc limit :limit

-- name: request_list_unsuccessful
select * from requests
where account_id = :account_id and state in ('failed', 'cancelled') and state = :state
  and (cast(:model_id as text) is null or coalesce(model_id, '') = :model_id)
  and (cast(:key_id as text) is null or coalesce(key_id, '') = :key_id)
  and created_ms >= :after_ms and (created_ms, id) < (:cursor_ms, :cursor_id)
order by created_ms desc, id desc limit :limit

-- name: request_list_in_queue
select * from requests
where state = 'in_queue' and coalesce(account_id, '') = :account_id
  and (cast(:model_id as text) is null or coalesce(model_id, '') = :model_id)
  and (cast(:key_id as text) is null or coalesce(key_id, '') = :key_id)
  and created_ms >= :after_ms and (created_ms, id) < (:cursor_ms, :cursor_id)
order by created_ms desc, id desc limit :limit

-- name: request_list_in_progress
select * from requests
where state = 'in_progress' and coalesce(account_id, '') = :account_id
  and (cast(:model_id as text) is null or coalesce(model_id, '') = :model_id)
  and (cast(:key_id as text) is null or coalesce(key_id, '') = :key_id)
  and created_ms >= :after_ms and (created_ms, id) < (:cursor_ms, :cursor_id)
order by created_ms desc, id desc limit :limit

-- name: request_cancel_queued
update requests set state = 'cancelled', finished_ms = {now_ms}
where id = :id and account_id = :account_id and state = 'in_queue'

-- name: request_cancel_running
update requests set state = 'cancelled', finished_ms = {now_ms}, worker_id = null, lease_until_ms = null
where id = :id and account_id = :account_id and state = 'in_progress'

-- The first in the common lane of a model.
-- name: queue_head
select id, priority, tag, created_ms, lane from requests
where model_id = :model_id and lane = '' and state = 'in_queue' and run_after_ms <= {now_ms}
  and (expires_ms is null or expires_ms > {now_ms})
order by priority, tag, created_ms, id limit 1 {skip_locked}

-- name: queue_has_lanes
select 1 from requests where model_id = :model_id and lane > '' and state = 'in_queue' limit 1

-- The first among the keys with a lane of their own, but for those that have enough running. Lanes are found one by
-- one in the index, however many requests wait in each.
-- name: lane_head
with recursive lanes (lane) as (
  select min(lane) from requests where model_id = :model_id and lane > '' and state = 'in_queue'
  union all
  select (select min(r.lane) from requests r
          where r.model_id = :model_id and r.lane > lanes.lane and r.state = 'in_queue')
  from lanes where lanes.lane is not null)
select r.id, r.priority, {greatest}(r.tag, coalesce(s.turn, 0)) as tag, r.created_ms, r.lane, k.max_running
from lanes
join api_keys k on k.id = lanes.lane
join requests r on r.id = (
  select h.id from requests h
  where h.model_id = :model_id and h.lane = lanes.lane and h.state = 'in_queue' and h.run_after_ms <= {now_ms}
    and (h.expires_ms is null or h.expires_ms > {now_ms})
  order by h.priority, h.tag, h.created_ms, h.id limit 1)
left join shares s on s.model_id = r.model_id and s.priority = r.priority and s.key_id = r.lane
where k.max_running is null or k.max_running > (
  select count(*) from requests u
  where u.lane = lanes.lane and u.lane <> '' and u.finished_ms is null and u.state = 'in_progress')
order by 2, 3, 4, 1 limit 1

-- name: request_claim
update requests
set state = 'in_progress', attempt = attempt + 1, tries = tries + 1, worker_id = :worker_id,
    lease_until_ms = {now_ms} + :lease_ms, started_ms = {now_ms}, progress = 0, stage = ''
where id = :id and state = 'in_queue'
returning *

-- name: request_beat
update requests set lease_until_ms = {now_ms} + :lease_ms, progress = :progress, stage = :stage
where id = :id and state = 'in_progress' and worker_id = :worker_id and attempt = :attempt

-- name: request_held_by
select account_id from requests
where id = :id and state = 'in_progress' and worker_id = :worker_id and attempt = :attempt

-- name: request_memo
select memo from requests
where id = :id and state = 'in_progress' and worker_id = :worker_id and attempt = :attempt
{for_update}

-- name: request_remember
update requests set memo = :memo
where id = :id and state = 'in_progress' and worker_id = :worker_id and attempt = :attempt

-- name: request_state
select state from requests where id = :id

-- name: request_complete
update requests
set state = 'completed', finished_ms = {now_ms}, result = :result, cost_microusd = :cost_microusd,
    progress = 1, stage = '', worker_id = null, lease_until_ms = null
where id = :id and state = 'in_progress' and worker_id = :worker_id and attempt = :attempt

-- name: request_cached
select * from requests
where account_id = :account_id and cache_key = :cache_key and cache_key is not null and state = 'completed'
order by finished_ms desc, id desc limit 1

-- Without an attempt: `attempt` stays 0.
-- name: request_complete_cached
update requests
set state = 'completed', started_ms = {now_ms}, finished_ms = {now_ms}, result = :result,
    cost_microusd = :cost_microusd, progress = 1
where id = :id and state = 'in_queue'

-- name: request_fail
update requests
set state = 'failed', finished_ms = {now_ms}, error = :error, worker_id = null, lease_until_ms = null
where id = :id and state = 'in_progress' and attempt = :attempt
  and worker_id = coalesce(:worker_id, worker_id)

-- name: request_retry
update requests
set state = 'in_queue', worker_id = null, lease_until_ms = null, progress = 0, stage = '',
    run_after_ms = {now_ms} + :delay_ms, tries = tries - :unused
where id = :id and state = 'in_progress' and attempt = :attempt
  and worker_id = coalesce(:worker_id, worker_id)

-- name: request_tries
select tries, max_attempts from requests
where id = :id and state = 'in_progress' and worker_id = :worker_id and attempt = :attempt

-- name: lease_expired
select id, attempt, tries, max_attempts from requests
where state = 'in_progress' and lease_until_ms < {now_ms}
order by lease_until_ms limit :limit {skip_locked}

-- name: worker_attempts
select id, attempt, tries, max_attempts from requests
where state = 'in_progress' and lease_until_ms > 0 and worker_id = :worker_id
order by id limit :limit {for_update}

-- Attempts whose worker keeps beating long after it should have ended them itself.
-- name: request_overdue
select id, attempt, time_limit_s from requests
where state = 'in_progress' and lease_until_ms > 0 and started_ms + time_limit_s * 1000 + :grace_ms < {now_ms}
limit :limit {skip_locked}

-- name: request_expired
select id from requests
where state = 'in_queue' and expires_ms is not null and expires_ms <= {now_ms}
order by expires_ms limit :limit {skip_locked}

-- name: queue_models
select distinct model_id from requests where state = 'in_queue'

-- name: queue_of_model
select id from requests where model_id = :model_id and state = 'in_queue' limit :limit

-- name: request_fail_queued
update requests set state = 'failed', finished_ms = {now_ms}, error = :error where id = :id and state = 'in_queue'

-- name: request_delete
delete from requests
where id = :id and account_id = :account_id and state in ('completed', 'failed', 'cancelled')

-- name: file_add
insert into files (id, account_id, request_id, role, name, media_type, size_bytes, sha256, info, storage_key,
                   created_ms)
values (:id, :account_id, :request_id, :role, :name, :media_type, :size_bytes, :sha256, :info, :storage_key,
        {now_ms})

-- name: file_get
select * from files where id = :id

-- name: file_of_request
select * from files where request_id = :request_id

-- name: file_delete
delete from files where id = :id

-- Uploads and outputs, newest first, each with the picture that stands for it and whether it is a favourite.
-- name: library
select f.*, v.file_id as favourite, p.id as poster_id, p.name as poster_name
from files f left join favourites v on v.file_id = f.id
left join files p on f.role = 'output' and p.request_id = f.request_id and p.role = 'poster'
where f.account_id = :account_id and f.role in ('upload', 'output')
  and (f.created_ms, f.id) < (:cursor_ms, :cursor_id)
order by f.created_ms desc, f.id desc limit :limit

-- name: library_of_role
select f.*, v.file_id as favourite, p.id as poster_id, p.name as poster_name
from files f left join favourites v on v.file_id = f.id
left join files p on f.role = 'output' and p.request_id = f.request_id and p.role = 'poster'
where f.account_id = :account_id and f.role = :role and f.role in ('upload', 'output')
  and (f.created_ms, f.id) < (:cursor_ms, :cursor_id)
order by f.created_ms desc, f.id desc limit :limit

-- name: library_of_kind
select f.*, v.file_id as favourite, p.id as poster_id, p.name as poster_name
from files f left join favourites v on v.file_id = f.id
left join files p on f.role = 'output' and p.request_id = f.request_id and p.role = 'poster'
where f.account_id = :account_id and f.role in ('upload', 'output') and substr(f.media_type, 1, 5) = :kind
  and (cast(:role as text) is null or coalesce(f.role, '') = :role)
  and (f.created_ms, f.id) < (:cursor_ms, :cursor_id)
order by f.created_ms desc, f.id desc limit :limit

-- name: library_of_favourites
select f.*, v.file_id as favourite, p.id as poster_id, p.name as poster_name
from favourites v join files f on f.id = v.file_id
left join files p on f.role = 'output' and p.request_id = f.request_id and p.role = 'poster'
where v.account_id = :account_id and f.role in ('upload', 'output')
  and (cast(:kind as text) is null or substr(f.media_type, 1, 5) = :kind)
  and (cast(:role as text) is null or f.role = :role)
  and (v.file_ms, v.file_id) < (:cursor_ms, :cursor_id)
order by v.file_ms desc, v.file_id desc limit :limit

-- name: library_of_collection
select f.*, v.file_id as favourite, p.id as poster_id, p.name as poster_name
from collected c join collections o on o.id = c.collection_id and o.account_id = :account_id
join files f on f.id = c.file_id left join favourites v on v.file_id = f.id
left join files p on f.role = 'output' and p.request_id = f.request_id and p.role = 'poster'
where c.collection_id = :collection_id and f.role in ('upload', 'output')
  and (cast(:favourites as integer) = 0 or v.file_id is not null)
  and (cast(:kind as text) is null or substr(f.media_type, 1, 5) = :kind)
  and (cast(:role as text) is null or f.role = :role)
  and (c.file_ms, c.file_id) < (:cursor_ms, :cursor_id)
order by c.file_ms desc, c.file_id desc limit :limit

-- name: library_file
select f.*, v.file_id as favourite, p.id as poster_id, p.name as poster_name
from files f left join favourites v on v.file_id = f.id
left join files p on f.role = 'output' and p.request_id = f.request_id and p.role = 'poster'
where f.id = :id and f.account_id = :account_id and f.role in ('upload', 'output')

-- name: favourite_add
insert into favourites (file_id, account_id, file_ms) select id, account_id, created_ms from files where id = :file_id
on conflict (file_id) do nothing

-- name: favourite_forget
delete from favourites where file_id = :file_id

-- name: collection_names
select id, name from collections where account_id = :account_id

-- name: collection_list
select c.*, (select count(*) from collected where collection_id = c.id) as files from collections c
where c.account_id = :account_id order by c.name, c.id

-- name: collection
select c.*, (select count(*) from collected where collection_id = c.id) as files from collections c
where c.id = :id and c.account_id = :account_id

-- name: collection_add
insert into collections (id, account_id, name, created_ms) values (:id, :account_id, :name, {now_ms})

-- name: collection_rename
update collections set name = :name where id = :id and account_id = :account_id

-- name: collection_delete
delete from collections where id = :id and account_id = :account_id

-- name: collected_add
insert into collected (collection_id, file_id, file_ms)
select :collection_id, id, created_ms from files where id = :file_id
on conflict (collection_id, file_id) do nothing

-- name: collected_remove
delete from collected where collection_id = :collection_id and file_id = :file_id

-- name: collected_clear
delete from collected where collection_id = :collection_id

-- name: collected_forget
delete from collected where file_id = :file_id

-- name: usage_list
select request_id, model_id, key_id, created_ms, state, quantity, unit, cost_microusd from usage
where account_id = :account_id
  and created_ms >= :from_ms and created_ms < :to_ms and (created_ms, request_id) < (:cursor_ms, :cursor_id)
order by created_ms desc, request_id desc limit :limit

-- name: usage_summary
select created_ms / 86400000 as day, model_id, key_id, count(*) as requests,
       sum(case when state = 'charged' then 1 else 0 end) as charged, sum(quantity) as quantity, max(unit) as unit,
       sum(cost_microusd) as cost_microusd
from usage
where account_id = :account_id and created_ms >= :from_ms and created_ms < :to_ms
group by created_ms / 86400000, model_id, key_id
order by 1, 2, 3

-- name: usage_day_add
insert into usage_days (account_id, day, cost_microusd)
select account_id, created_ms / 86400000, cost_microusd from usage where request_id = :id
on conflict (account_id, day) do update set cost_microusd = usage_days.cost_microusd + excluded.cost_microusd

-- Whole days, and what lies before and after them.
-- name: usage_total
select (select coalesce(sum(cost_microusd), 0) from usage_days
        where account_id = :account_id and day >= :first_day and day < :last_day)
     + (select coalesce(sum(cost_microusd), 0) from usage
        where account_id = :account_id and created_ms >= :from_ms and created_ms < :first_ms)
     + (select coalesce(sum(cost_microusd), 0) from usage
        where account_id = :account_id and created_ms >= :last_ms and created_ms < :to_ms)

-- In two parts, so that each reads the index of its state and none what is finished.
-- name: count_by_state
select model_id, 'in_queue' as state, count(*) as n, min(created_ms) as oldest_ms from requests
where state = 'in_queue' group by model_id
union all
select model_id, 'in_progress' as state, count(*) as n, min(created_ms) as oldest_ms from requests
where state = 'in_progress' group by model_id

-- name: workers_at_work
select distinct worker_id from requests where state = 'in_progress' and lease_until_ms > 0

-- name: clock
select {now_ms}

-- What quotes are made of.
-- name: history_runs
select r.model_id, r.finished_ms - r.started_ms as run_ms, u.quantity
from (select id, model_id, started_ms, finished_ms from requests
      where state = 'completed' and attempt > 0 order by finished_ms desc limit :limit) r
join usage u on u.request_id = r.id
order by r.finished_ms desc

-- name: history_ends
select at_ms / :hour_ms as hour, sum(good) as completed, count(*) - sum(good) as failed from (
  select finished_ms as at_ms, case when state = 'completed' then 1 else 0 end as good from requests
  where finished_ms is not null and finished_ms >= :from_ms and state in ('completed', 'failed')
  order by finished_ms desc limit :limit) as ended
group by at_ms / :hour_ms

-- name: history_share
select coalesce(max(tag), 0.0) from shares where model_id = :model_id and priority = :priority and key_id = :key_id

-- name: history_ahead
select count(*) from (
  select 1 from requests
  where model_id = :model_id and lane = '' and state = 'in_queue' and (priority, tag) <= (:priority, :tag)
  union all
  select 1 from requests
  where model_id = :model_id and lane > '' and state = 'in_queue' and (priority, tag) <= (:priority, :tag)
  limit :cap) as ahead

-- name: history_waiting
select model_id, count(*) as n from (
  select model_id from requests where state = 'in_queue' and model_id < :model_id
  union all
  select model_id from requests where state = 'in_queue' and model_id > :model_id
  limit :cap) as waiting
group by model_id

-- name: history_running
select model_id, {now_ms} - started_ms as elapsed_ms from requests
where state = 'in_progress' and lease_until_ms > 0 limit :cap

-- Everybody who wants to hear of this request: the address it brought along, and the endpoints of its account.
-- name: webhook_receivers
select r.account_id, r.model_id, r.webhook_url as url, r.webhook_events as events, '[]' as models, null as endpoint_id
from requests r where r.id = :id and r.webhook_url is not null
union all
select r.account_id, r.model_id, e.url, e.events, e.models, e.id as endpoint_id
from requests r join webhook_endpoints e on e.account_id = r.account_id
where r.id = :id and e.enabled = 1

-- name: webhook_delivery_add
insert into webhook_deliveries (id, account_id, endpoint_id, request_id, model_id, event_id, type, event_ms, url,
                                destination, state, due_ms, created_ms)
values (:id, :account_id, :endpoint_id, :request_id, :model_id, :event_id, :type, {now_ms}, :url,
        :destination, 'pending', {now_ms}, {now_ms})

-- name: webhook_destinations_due
select destination, min(due_ms) as due_ms from webhook_deliveries
where state = 'pending' and due_ms <= {now_ms} group by destination order by min(due_ms)

-- name: webhook_due_of
select id, attempt from webhook_deliveries
where destination = :destination and state = 'pending' and due_ms <= {now_ms}
order by due_ms limit :limit {skip_locked}

-- name: webhook_lease
update webhook_deliveries set attempt = attempt + 1, tries = tries + 1, due_ms = {now_ms} + :lease_ms
where id = :id and state = 'pending' and attempt = :attempt and due_ms <= {now_ms}
returning *

-- name: webhook_attempt_add
insert into webhook_attempts (delivery_id, attempt, at_ms, duration_ms, request_body, response_status, response_body,
                              error)
values (:delivery_id, :attempt, :at_ms, :duration_ms, :request_body, :response_status, :response_body, :error)

-- name: webhook_delivered
update webhook_deliveries set state = 'delivered', finished_ms = {now_ms}, error = null
where id = :id and state = 'pending' and attempt = :attempt

-- name: webhook_later
update webhook_deliveries set due_ms = {now_ms} + :delay_ms, error = :error
where id = :id and state = 'pending' and attempt = :attempt

-- name: webhook_failed
update webhook_deliveries set state = 'failed', finished_ms = {now_ms}, error = :error
where id = :id and state = 'pending' and attempt = :attempt

-- name: webhook_replay
update webhook_deliveries set state = 'pending', tries = 0, due_ms = {now_ms}, finished_ms = null, error = null
where id = :id and account_id = :account_id

-- name: webhook_fail_waiting
update webhook_deliveries set state = 'failed', finished_ms = {now_ms}, error = :error
where destination = :destination and state = 'pending'

-- name: webhook_fail_of_request
update webhook_deliveries set state = 'failed', finished_ms = {now_ms}, error = :error
where request_id = :request_id and endpoint_id is null and state = 'pending'

-- name: webhook_request_stop
update requests set webhook_url = null where id = :request_id

-- name: webhook_delivery
select * from webhook_deliveries where id = :id and account_id = :account_id

-- name: webhook_deliveries
select * from webhook_deliveries
where account_id = :account_id
  and (cast(:request_id as text) is null or request_id = :request_id)
  and (cast(:endpoint_id as text) is null or endpoint_id = :endpoint_id)
  and (cast(:state as text) is null or state = :state)
  and (created_ms, id) < (:cursor_ms, :cursor_id)
order by created_ms desc, id desc limit :limit

-- name: webhook_attempts
select * from webhook_attempts where delivery_id = :delivery_id order by attempt

-- name: webhook_forget_bodies
update webhook_attempts set request_body = '', response_body = ''
where delivery_id in (select id from webhook_deliveries where request_id = :request_id)

-- name: webhook_lag
select min(due_ms) as due_ms from webhook_deliveries where state = 'pending' and due_ms <= {now_ms}

-- name: webhook_endpoint_add
insert into webhook_endpoints (id, account_id, url, events, models, description, enabled, secret, created_ms)
values (:id, :account_id, :url, :events, :models, :description, :enabled, :secret, {now_ms})

-- name: webhook_endpoint
select * from webhook_endpoints where id = :id and account_id = :account_id

-- name: webhook_endpoints
select * from webhook_endpoints where account_id = :account_id order by created_ms, id

-- name: webhook_endpoint_change
update webhook_endpoints set url = :url, events = :events, models = :models, description = :description,
                             enabled = :enabled, disabled_reason = :disabled_reason
where id = :id and account_id = :account_id

-- name: webhook_endpoint_delete
delete from webhook_endpoints where id = :id and account_id = :account_id

-- name: webhook_endpoint_rotate
update webhook_endpoints
set previous_secret = secret, previous_until_ms = {now_ms} + :overlap_ms, secret = :secret
where id = :id and account_id = :account_id

-- name: webhook_secret
select * from webhook_secrets where account_id = :account_id

-- name: webhook_secret_add
insert into webhook_secrets (account_id, secret, created_ms) values (:account_id, :secret, {now_ms})
on conflict (account_id) do nothing

-- name: webhook_secret_rotate
update webhook_secrets
set previous_secret = secret, previous_until_ms = {now_ms} + :overlap_ms, secret = :secret
where account_id = :account_id

-- name: audit_add
insert into audit_log (id, at_ms, account_id, action, target, actor_account_id, actor_key_id, address, before, after)
values (:id, {now_ms}, :account_id, :action, :target, :actor_account_id, :actor_key_id, :address, :before, :after)

-- name: audit_list
select * from audit_log
where (cast(:account_id as text) is null or account_id = :account_id)
  and (cast(:action as text) is null or action = :action)
  and (cast(:target as text) is null or target = :target)
  and at_ms >= :after_ms and at_ms < :before_ms and (at_ms, id) < (:cursor_ms, :cursor_id)
order by at_ms desc, id desc limit :limit

-- name: requests_finished_before
select id, account_id, finished_ms from requests
where finished_ms is not null and finished_ms < {now_ms} - :keep_ms
  and (finished_ms, id) > (:after_ms, :after_id)
order by finished_ms, id limit :limit

-- name: uploads_before
select * from files
where role = 'upload' and created_ms < {now_ms} - :keep_ms and (created_ms, id) > (:after_ms, :after_id)
order by created_ms, id limit :limit

-- In two parts, so that each can use the index of its state and none walks over what is finished.
-- name: file_in_use
select 1 from requests where state = 'in_queue' and inputs like :pattern
union all
select 1 from requests where state = 'in_progress' and inputs like :pattern
limit 1

-- name: request_payload
select result from requests where id = :id and finished_ms is not null

-- name: request_forget_inputs
update requests set inputs = '{}', ignored_inputs = '[]', result = :result where id = :id and finished_ms is not null

-- name: request_forget_outputs
update requests set result = :result where id = :id and state = 'completed'

-- name: events_oldest
select e.seq, e.at_ms, e.kind, r.state, {now_ms} as now_ms from events e left join requests r on r.id = e.request_id
where e.seq > :after order by e.seq limit :limit

-- name: event_delete_one
delete from events where seq = :seq

-- name: deliveries_finished_before
select id from webhook_deliveries
where finished_ms is not null and finished_ms < {now_ms} - :keep_ms order by finished_ms limit :limit

-- name: webhook_delivery_delete
delete from webhook_deliveries where id = :id and finished_ms is not null

-- name: webhook_attempts_delete
delete from webhook_attempts where delivery_id = :id

-- name: deployment_add
insert into deployments (id, account_id, name, workflow_id, workflow_version, hardware, min_instances, max_instances,
                         queue_size, keep_warm_s, is_enabled, workflow, overrides, readme, lora, created_ms, updated_ms)
values (:id, :account_id, :name, :workflow_id, :workflow_version, :hardware, :min_instances, :max_instances,
        :queue_size, :keep_warm_s, :is_enabled, :workflow, :overrides, :readme, :lora, {now_ms}, {now_ms})

-- name: deployment_change
update deployments
set name = :name, workflow_id = :workflow_id, workflow_version = :workflow_version, hardware = :hardware,
    min_instances = :min_instances, max_instances = :max_instances, queue_size = :queue_size,
    keep_warm_s = :keep_warm_s, is_enabled = :is_enabled, workflow = :workflow, overrides = :overrides,
    readme = :readme, lora = :lora, updated_ms = {now_ms}
where id = :id and account_id = :account_id and deleted_ms is null

-- name: deployment_delete
update deployments set deleted_ms = {now_ms}, is_enabled = 0
where id = :id and account_id = :account_id and deleted_ms is null

-- name: deployment
select * from deployments where id = :id and account_id = :account_id

-- name: deployments_of
select * from deployments where account_id = :account_id and deleted_ms is null order by created_ms, id

-- Those of all accounts that may have requests: deleted ones for a day, so that what ran then can end.
-- name: deployments_all
select * from deployments where deleted_ms is null or deleted_ms > {now_ms} - 86400000

-- name: deployments_as_of
select count(*) as n, max(updated_ms) as updated_ms, max(deleted_ms) as deleted_ms, {now_ms} as now_ms from deployments

-- name: deployment_running
select r.id, r.memo from requests r
where r.model_id = :model_id and r.account_id = :account_id and r.state = 'in_progress'

-- name: models_in_queue
select model_id, count(*) as n from requests
where coalesce(account_id, '') = :account_id and state = 'in_queue' group by model_id

-- name: models_in_progress
select model_id, count(*) as n from requests where account_id = :account_id and state = 'in_progress' group by model_id
