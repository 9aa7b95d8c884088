-- Sums that are made anew from the rows they are sums of. Each changes nothing where the sum is right.

-- name: sums_of_days
insert into usage_days (account_id, day, cost_microusd)
select account_id, day, sum(cost_microusd) from (
  select account_id, created_ms / 86400000 as day, cost_microusd from usage where cost_microusd <> 0
  union all
  select account_id, day, 0 from usage_days) sums
where true group by account_id, day
on conflict (account_id, day) do update set cost_microusd = excluded.cost_microusd
where usage_days.cost_microusd <> excluded.cost_microusd

-- Added up with the key's next submit.
-- name: sums_of_keys
update meters set period_ms = null
where period_ms is not null and spent_microusd <> (
  select coalesce(sum(case when state = 'held' then hold_microusd else cost_microusd end), 0) from usage
  where usage.key_id = meters.key_id and usage.created_ms >= meters.period_ms)
