-- Browsers that signed in with a key. A session is good as long as its key is; only the hash of its token is kept.

create table sessions (
  id text primary key,
  token_sha256 text not null unique,
  key_id text not null references api_keys (id),
  created_ms bigint not null,
  expires_ms bigint not null
);
create index sessions_expired on sessions (expires_ms);
