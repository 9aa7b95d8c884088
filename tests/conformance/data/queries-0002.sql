-- The statements of the program that knew migrations up to 0002, kept to be run on the newest schema.
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

-- name: key_add
insert into api_keys (id, account_id, name, key_sha256, prefix, scopes, created_ms, expires_ms)
values (:id, :account_id, :name, :key_sha256, :prefix, :scopes, {now_ms},
        {now_ms} + :expires_in_ms)

-- name: key_caller
select id, account_id, scopes from api_keys
where key_sha256 = :key_sha256 and revoked_ms is null and (expires_ms is null or expires_ms > {now_ms})

-- name: key_list
select id, name, prefix, scopes, created_ms, expires_ms, revoked_ms from api_keys
where account_id = :account_id order by created_ms, id

-- name: key_get
select id, name, prefix, scopes, created_ms, expires_ms, revoked_ms from api_keys
where account_id = :account_id and id = :id

-- name: key_revoke
update api_keys set revoked_ms = {now_ms} where id = :id and account_id = :account_id and revoked_ms is null

-- name: key_revoke_all
update api_keys set revoked_ms = {now_ms} where account_id = :account_id and revoked_ms is null

-- name: request_by_idempotency_key
select id, body_sha256 from requests where account_id = :account_id and idempotency_key = :idempotency_key

-- Virtual time: the first waiting tag less one share, or the largest tag given when nothing waits. A request that
-- was handed back keeps its old tag and does not turn the clock back, or newcomers would overtake all who wait.
-- (In one statement with flow_next, SQLite makes a temporary table for it: 50 us instead of 10.)
-- name: flow_now
select coalesce(
  (select tag from requests where model_id = :model_id and state = 'in_queue' and attempt = 0
   order by priority, tag, created_ms, id limit 1) - 1.0,
  (select max(tag) from flows where model_id = :model_id),
  0.0)

-- name: flow_next
insert into flows (model_id, key_id, tag) values (:model_id, :key_id, :now + cast(:share as double precision))
on conflict (model_id, key_id) do update set tag = {greatest}(flows.tag, :now) + :share
returning tag

-- name: request_add
insert into requests (id, account_id, key_id, model_id, state, priority, tag, created_ms, run_after_ms,
                      max_attempts, time_limit_s, seed, inputs, ignored_inputs, idempotency_key, body_sha256,
                      base_url, webhook_url, webhook_events)
values (:id, :account_id, :key_id, :model_id, 'in_queue', :priority, :tag, {now_ms}, 0,
        :max_attempts, :time_limit_s, :seed, :inputs, :ignored_inputs, :idempotency_key, :body_sha256,
        :base_url, :webhook_url, :webhook_events)
on conflict (account_id, idempotency_key) do nothing

-- name: usage_hold
insert into usage (request_id, account_id, key_id, model_id, created_ms, state, hold_microusd)
values (:id, :account_id, :key_id, :model_id, {now_ms}, 'held', :hold_microusd)

-- name: usage_settle
update usage set state = :state, quantity = :quantity, unit = :unit, cost_microusd = :cost_microusd
where request_id = :id and state = 'held'

-- name: event_add
insert into events (request_id, at_ms, kind, data) values (:id, {now_ms}, :kind, :data)

-- name: event_list
select seq, request_id, at_ms, kind, data from events
where request_id = :id and seq > :after order by seq limit :limit

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
  where model_id = :model_id and state = 'in_queue'
    and (priority, tag, created_ms, id) < (:priority, :tag, :created_ms, :id)
  limit :cap) as ahead

-- name: queue_places
select id from requests where model_id = :model_id and state = 'in_queue'
order by priority, tag, created_ms, id limit :limit

-- name: request_list
select * from requests
where account_id = :account_id
  and (cast(:model_id as text) is null or model_id = :model_id)
  and (cast(:state as text) is null or state = :state)
  and created_ms >= :after_ms and created_ms < :before_ms
  and (created_ms, id) < (:cursor_ms, :cursor_id)
order by created_ms desc, id desc limit :limit

-- name: request_cancel_queued
update requests set state = 'cancelled', finished_ms = {now_ms}
where id = :id and account_id = :account_id and state = 'in_queue'

-- name: request_cancel_running
update requests set state = 'cancelled', finished_ms = {now_ms}, worker_id = null, lease_until_ms = null
where id = :id and account_id = :account_id and state = 'in_progress'

-- name: queue_head
select id, priority, created_ms from requests
where model_id = :model_id and state = 'in_queue' and run_after_ms <= {now_ms}
order by priority, tag, created_ms, id limit 1 {skip_locked}

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

-- name: request_complete
update requests
set state = 'completed', finished_ms = {now_ms}, result = :result, cost_microusd = :cost_microusd,
    progress = 1, stage = '', worker_id = null, lease_until_ms = null
where id = :id and state = 'in_progress' and worker_id = :worker_id and attempt = :attempt

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

-- Attempts whose worker keeps beating long after it should have ended them itself.
-- name: request_overdue
select id, attempt, time_limit_s from requests
where state = 'in_progress' and lease_until_ms > 0 and started_ms + time_limit_s * 1000 + :grace_ms < {now_ms}
limit :limit {skip_locked}

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

-- name: file_list
select * from files
where account_id = :account_id and role = :role
  and (created_ms, id) < (:cursor_ms, :cursor_id)
order by created_ms desc, id desc limit :limit

-- name: file_of_request
select * from files where request_id = :request_id

-- name: file_delete
delete from files where id = :id

-- name: usage_list
select request_id, model_id, key_id, created_ms, state, quantity, unit, cost_microusd from usage
where account_id = :account_id
  and created_ms >= :from_ms and created_ms < :to_ms
order by created_ms desc, request_id desc limit :limit

-- name: usage_total
select coalesce(sum(cost_microusd), 0) from usage
where account_id = :account_id
  and created_ms >= :from_ms and created_ms < :to_ms

-- name: count_by_state
select model_id, state, count(*) as n, min(created_ms) as oldest_ms from requests
where state in ('in_queue', 'in_progress') group by model_id, state

-- name: clock
select {now_ms}

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
