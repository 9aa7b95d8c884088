-- Lists and sums that do not walk through all that an account ever did.

create index requests_of_model on requests (account_id, model_id, created_ms, id);
create index requests_unsuccessful on requests (account_id, created_ms, id) where state in ('failed', 'cancelled');

-- What an account's requests of a day cost, by the day of their submit: day 0 is 1 January 1970 in UTC.
create table usage_days (
  account_id text not null,
  day bigint not null,
  cost_microusd bigint not null,
  primary key (account_id, day)
);
insert into usage_days (account_id, day, cost_microusd)
  select account_id, created_ms / 86400000, sum(cost_microusd) from usage
  where cost_microusd > 0 group by account_id, created_ms / 86400000;
