-- What one incarnation of the usage topic is. The partition count of a generation never changes.
create table log_topic (
  generation      int primary key,
  broker_topic_id text not null,
  partitions      int not null check (partitions > 0)
);

-- The progress of each partition, and who owns it. Partition P (one above the last) is the house partition: its "log" is house_job.
create table partition_state (
  part        int primary key,
  epoch       bigint not null default 0,
  owner       text,
  lease_until timestamptz,
  confirmed   bigint not null default 0,           -- every record at or below is in ClickHouse
  pend_lo     bigint,                              -- the one flush on its way: (confirmed, pend_hi]
  pend_hi     bigint,
  clock       timestamptz not null,                -- highest append time among confirmed records
  flush_no    bigint not null default 0,
  records     bigint not null default 0,
  stopped     text,                                -- why the partition must not go on; null = it may
  check ((pend_lo is null) = (pend_hi is null)),
  check (pend_lo > confirmed and pend_hi >= pend_lo)
);

-- Who is alive and takes part in processing; the partitions are spread over them evenly.
create table aggregator (
  owner       text primary key,
  alive_until timestamptz not null
);

-- Deltas that do not come from a log record: back-fills of meters and repairs found by the audit.
create table house_job (
  seq        bigint generated always as identity primary key,
  kind       text not null check (kind in ('backfill', 'repair')),
  args       jsonb not null,
  created_at timestamptz not null default now()
);

create table meter (
  id             text primary key,                 -- ULID
  tenant         text not null,
  slug           text not null,
  name           text,
  description    text,
  metadata       jsonb not null default '{}',
  aggregation    text not null check (aggregation in ('SUM', 'COUNT', 'UNIQUE_COUNT', 'AVG', 'MIN', 'MAX', 'LATEST')),
  event_type     text not null,
  event_from     timestamptz,
  value_property text,
  group_by       jsonb not null default '{}',
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  deleted_at     timestamptz
);

create unique index meter_live_slug on meter (tenant, slug) where deleted_at is null;

-- Each definition a meter ever had. backfilling -> ready -> retired.
create table meter_rev (
  mrev       int generated always as identity primary key,
  meter_id   text not null references meter (id),
  definition jsonb not null,                       -- {"aggregation","eventType","eventFrom"?,"valueProperty"?,"groupBy":{name:path}}
  state      text not null default 'backfilling' check (state in ('backfilling', 'ready', 'retired')),
  last_job   bigint,                               -- the last house job of its back-fill, once all are known
  created_at timestamptz not null
);

create index meter_rev_meter on meter_rev (meter_id, mrev);

-- Which offsets a revision sees as they arrive: [from_off, until_off) of each partition; below from_off it is back-filled.
create table meter_range (
  mrev      int not null references meter_rev (mrev),
  part      int not null,
  from_off  bigint not null,
  until_off bigint,
  primary key (mrev, part)
);

create table seal (
  seal_no   bigint primary key,
  upto      timestamptz not null,                  -- minutes below are sealed
  cut       bigint[] not null,                     -- confirmed offset of each partition, the house partition last
  sealed_at timestamptz not null,
  state     text not null check (state in ('pending', 'done'))
);

create table history_approval (
  tenant   text not null,
  seal_no  bigint not null,
  by_whom  text not null,
  at       timestamptz not null,
  primary key (tenant, seal_no)
);

-- Only SHA-256 hashes of keys; the prefix is for people to recognise one.
create table api_key (
  id         text primary key,                     -- ULID
  tenant     text not null,
  name       text not null,
  prefix     text not null,
  hash       bytea not null unique,
  created_at timestamptz not null,
  revoked_at timestamptz
);

create table subject (
  tenant       text not null,
  key          text not null,
  display_name text,
  metadata     jsonb not null default '{}',
  created_at   timestamptz not null,
  primary key (tenant, key)
);
