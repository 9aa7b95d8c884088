-- What people keep: favourites and collections of files. A picture that stands for an output is no output itself.

update files set role = 'poster' where role = 'output' and name = 'poster.jpg';
create index files_of_role on files (account_id, role, created_ms, id);
create index files_of_kind on files (account_id, substr(media_type, 1, 5), created_ms, id)
  where role in ('upload', 'output');

create table collections (
  id text primary key,
  account_id text not null,
  name text not null,
  created_ms bigint not null
);
create index collections_list on collections (account_id, name);

-- `file_ms` is when the file was made, so that a page of a long collection is read from the index.
create table collected (
  collection_id text not null,
  file_id text not null,
  file_ms bigint not null,
  primary key (collection_id, file_id)
);
create index collected_list on collected (collection_id, file_ms, file_id);
create index collected_file on collected (file_id);

create table favourites (
  file_id text primary key,
  account_id text not null,
  file_ms bigint not null
);
create index favourites_list on favourites (account_id, file_ms, file_id);
