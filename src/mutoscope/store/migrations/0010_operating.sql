-- What the operator changed while the server ran. Manifests and settings hold what counts where nothing stands here.

create table model_changes (
  model_id text primary key,
  enabled integer,                      -- 0: switched off; null: as it is
  engine text,                          -- JSON: name, and perhaps inputs and settings; null: the manifest's
  base_price_usd double precision,      -- of one unit; null: the manifest's
  changed_ms bigint not null
);
create table limit_changes (
  name text primary key,
  value bigint not null
);

-- The price of one unit when the request was accepted: what was quoted is what is charged. Null: of the time before.
alter table requests add column base_price_usd double precision;
