-- ComfyUI workflows as an API of their own. A deleted one keeps its row while its requests do.

create table deployments (
  id text primary key,
  account_id text not null,
  name text not null,
  workflow_id text not null,
  workflow_version text not null,
  hardware text not null,               -- JSON: a list with one word
  min_instances integer not null,
  max_instances integer not null,
  queue_size integer not null,
  keep_warm_s integer not null,
  is_enabled integer not null,
  workflow text not null,               -- JSON: the workflow in API format
  overrides text not null,              -- JSON: what is changed in it for every request
  readme text not null,
  created_ms bigint not null,
  updated_ms bigint not null,
  deleted_ms bigint
);
create index deployments_by_account on deployments (account_id, created_ms);
