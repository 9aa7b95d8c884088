-- What must never be found. Each gives the ids of what breaks the rule that its name says.

-- name: request_with_more_than_one_terminal_event
select request_id from events where kind = 'state' and {event_state} in ('completed', 'failed', 'cancelled')
group by request_id having count(*) > 1

-- name: finished_request_without_its_terminal_event
select id from requests where state in ('completed', 'failed', 'cancelled') and id not in (
  select request_id from events where kind = 'state' and {event_state} in ('completed', 'failed', 'cancelled'))

-- name: completed_request_without_a_result
select id from requests where state = 'completed' and result is null

-- name: finished_request_whose_usage_is_still_held
select r.id from requests r join usage u on u.request_id = r.id
where r.state in ('completed', 'failed', 'cancelled') and u.state = 'held'

-- name: request_without_a_usage_row
select id from requests where id not in (select request_id from usage)

-- name: output_that_is_not_on_record
select r.id from requests r, {outputs} where r.state = 'completed' and o.value not in (select id from files)

-- name: favourite_that_is_no_file
select file_id from favourites where file_id not in (select id from files)

-- name: file_of_a_collection_that_is_not_there
select file_id from collected
where file_id not in (select id from files) or collection_id not in (select id from collections)

-- name: day_whose_sum_is_not_that_of_its_requests
select account_id || ' ' || day from (
  select account_id, created_ms / 86400000 as day, cost_microusd from usage
  union all
  select account_id, day, -cost_microusd from usage_days) sums
group by account_id, day having sum(cost_microusd) <> 0

-- name: key_whose_spending_is_not_that_of_its_requests
select m.key_id from meters m left join usage u on u.key_id = m.key_id and u.created_ms >= m.period_ms
where m.period_ms is not null group by m.key_id, m.spent_microusd
having m.spent_microusd <> coalesce(sum(case when u.state = 'held' then u.hold_microusd else u.cost_microusd end), 0)
