-- What an invoice can be derived from again: the rules of the zones that its periods were counted by, and how far the subject mapping was known.

-- Rules of a zone in a release, kept when the first subscription counts by them: a later release may have others, and periods that were counted never move.
-- The same for all tenants, and of none.
create table billing.zone_rules (
  zone    text not null check (zone <> ''),           -- IANA
  tzdb    text not null,                              -- the release
  starts  bigint[] not null,                          -- unix seconds: from here on …
  offsets int[] not null,                             -- … UTC plus so many seconds; the first stands for all time before the first start
  horizon timestamptz not null,                       -- complete up to it
  primary key (zone, tzdb),
  check (cardinality(offsets) = cardinality(starts) + 1)
);

create trigger zone_rules_stay before update or delete on billing.zone_rules for each row execute function billing.refuse_change();

alter table billing.subscription
  add column tzdb     text,                           -- the release of the zone it was made with; null: made before releases were kept
  add column zone_now text,                           -- the zone that it counts by now; null: the one it was made with
  add column tzdb_now text;                           -- the newest release that has the rules it counts by

-- What takes back a line that is recognised month by month takes back months that are not recognised: this is the first of them; null: all of its service.
alter table billing.deferred_line add column spread_from date;
create trigger spread_stays before update of spread_from on billing.deferred_line for each statement execute function billing.refuse_ledger_change();

-- For which due instant it was said that the draft waits for too long: once for each.
alter table billing.subscription add column alerted_for timestamptz;

-- How far the partitions are: who holds the next seal back.
create view billing.partition_clock as select part, clock, stopped from public.partition_state;

grant select, insert on billing.zone_rules to metering_app;
grant select on billing.partition_clock to metering_app;
