-- What the billing run and the correction run keep: how far each subscription is billed, what waits for its next invoice, and which billed periods have changed since.

alter table billing.subscription
  add column billed_to      timestamptz,              -- what was due by then is on invoices; null: nothing is
  add column bill_waits_for timestamptz,              -- the run looks again when usage is sealed until then …
  add column bill_looks_at  timestamptz,              -- … or at this instant, whatever comes first
  add column held_because   text;                     -- why it cannot be billed although its usage is complete

-- Discounts that a subscription was given. They are facts: one that ends early has an end.
create table billing.subscription_discount (
  tenant_id    text not null check (tenant_id <> ''),
  subscription text not null,
  n            int not null check (n > 0),
  discount     text not null,                         -- key in the catalogue, as it was then
  body         json not null,                         -- canonical
  from_at      timestamptz not null,
  recorded_at  timestamptz not null,
  primary key (tenant_id, subscription, n),
  foreign key (tenant_id, subscription) references billing.subscription (tenant_id, id)
);

-- Differences that corrections found and that the next invoice bills.
create table billing.pending_charge (
  tenant_id    text not null check (tenant_id <> ''),
  correction   text not null,
  n            int not null,
  subscription text not null,
  charge       json not null,                         -- canonical
  accrued      bigint not null,                       -- posted to Unbilled when it was found
  recorded_at  timestamptz not null,
  invoice      text,                                  -- that bills it; null: it waits
  primary key (tenant_id, correction, n),
  foreign key (tenant_id, subscription) references billing.subscription (tenant_id, id),
  foreign key (tenant_id, invoice) references billing.invoice (tenant_id, id)
);

create index pending_charge_waits on billing.pending_charge (tenant_id, subscription) where invoice is null;

-- Billed periods that a later seal, or a backdated change, wrote into. Only a trigger: no amount comes from it.
create table billing.dirty_period (
  tenant_id    text not null check (tenant_id <> ''),
  subscription text not null,
  period_start timestamptz not null,
  period_end   timestamptz not null,
  seal_no      bigint not null,                       -- the newest that wrote; a correction takes this one or a later one
  history      boolean not null,                      -- whether only usage older than the horizon changed it: it waits for approval
  marked_at    timestamptz not null,
  primary key (tenant_id, subscription, period_start, period_end),
  foreign key (tenant_id, subscription) references billing.subscription (tenant_id, id)
);

-- What was done about them.
create table billing.correction (
  tenant_id    text not null check (tenant_id <> ''),
  id           text not null,                         -- cor_ and the hash of subscription, period and run
  subscription text not null,
  period_start timestamptz not null,
  period_end   timestamptz not null,
  run          text not null,                         -- the day, or what was asked for
  state        text not null check (state in ('pending', 'done', 'rejected')),   -- pending: history that waits for approval
  outcome      text check (outcome in ('unchanged', 'recorded', 'charged', 'credited')),
  seal_no      bigint not null,
  history_seal bigint not null,
  net          bigint not null,
  currency     text not null,
  body         json not null,                                -- canonical: the lines' differences
  recorded_at  timestamptz not null,
  decided_by   text,
  decided_at   timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, subscription, period_start, period_end, run),
  check ((state = 'done') = (outcome is not null)),
  foreign key (tenant_id, subscription) references billing.subscription (tenant_id, id)
);

create index correction_state on billing.correction (tenant_id, state, recorded_at desc, id);

-- How far late usage was looked for.
create table billing.late_usage_mark (
  only_one boolean primary key default true check (only_one),
  seal_no  bigint not null
);

-- The newest done seal, and the meters whose newest revision is still being filled: what a period has to wait for.
create view billing.done_seal as select seal_no, upto from public.seal where state = 'done' order by seal_no desc limit 1;

create view billing.filling_meter as
select meter.tenant as tenant_id, meter.slug from public.meter
where deleted_at is null and tenant = current_setting('metering.tenant', true)
  and exists (select 1 from public.meter_rev where meter_id = meter.id and state = 'backfilling');

-- Approvals of history, one tenant's.
create view billing.approved_history as
select tenant as tenant_id, max(seal_no) as seal_no from public.history_approval where tenant = current_setting('metering.tenant', true) group by tenant;

-- Approvals are the aggregators' table; this is the one way of the application's role to it.
create function billing.approve_history(seal bigint, by_whom text, at timestamptz) returns void language sql security definer set search_path = '' as $$
  insert into public.history_approval (tenant, seal_no, by_whom, at) values (current_setting('metering.tenant'), seal, by_whom, at) on conflict do nothing
$$;

do $$
declare
  name text;
begin
  foreach name in array array['subscription_discount', 'pending_charge', 'dirty_period', 'correction'] loop
    execute format('alter table billing.%I enable row level security', name);
    execute format('alter table billing.%I force row level security', name);
    execute format('create policy own_rows on billing.%I using (tenant_id = current_setting(''metering.tenant'', true)) with check (tenant_id = current_setting(''metering.tenant'', true))', name);
  end loop;
end
$$;

create trigger subscription_discount_stays before update or delete on billing.subscription_discount for each row execute function billing.refuse_change();

grant select, insert on billing.subscription_discount, billing.pending_charge, billing.dirty_period, billing.correction to metering_app;
grant update (invoice) on billing.pending_charge to metering_app;
grant update, delete on billing.dirty_period to metering_app;
grant update on billing.correction to metering_app;
grant select on billing.done_seal, billing.filling_meter, billing.approved_history to metering_app;
revoke all on function billing.approve_history(bigint, text, timestamptz) from public;
grant execute on function billing.approve_history(bigint, text, timestamptz) to metering_app;
