-- Double entry. The database itself keeps the laws, whoever writes: a transaction sums to zero in every currency and arrives whole, in one statement; nothing
-- changes afterwards; a closed month takes nothing; what is reversed is reversed once; nobody spends what he does not have.
--
-- All checks are per statement, over the rows that were added, so that a batch pays once. Whoever posts holds the tenant's ledger shared until his transaction
-- ends; who closes a month or takes a snapshot holds it alone for a moment, and so knows that nothing below the newest number is on its way.

create function billing.ledger_lock() returns bigint language sql stable as $$
  select hashtextextended(current_setting('metering.tenant'), 5)
$$;

-- One for each account and currency. Those of customers, and what was promised back, keep their balance in their row, which posting locks. All others are
-- everybody's: their balance is folded from their entries, so that no row is everybody's.
create table billing.ledger_account (
  tenant_id text not null check (tenant_id <> ''),
  id        bigint generated always as identity,
  kind      text not null check (kind in ('Receivable', 'Unbilled', 'Deferred', 'CustomerCredit', 'Prepaid', 'Revenue', 'PromotionalCredits', 'TaxPayable', 'Clearing',
              'Bank', 'RefundsPayable', 'DisputeReceivable', 'ChargebackLoss', 'BadDebt', 'Fees', 'Breakage', 'OpeningBalance')),
  customer  text not null,                           -- '' for an account of the tenant
  grant_id  text not null,                           -- '' unless Prepaid
  currency  text not null check (currency ~ '^[A-Z]{3}$'),
  balance   bigint,                                  -- minor units, debits count up; null: folded
  primary key (tenant_id, id),
  unique (tenant_id, customer, kind, grant_id, currency),
  check ((customer <> '') = (kind in ('Receivable', 'Unbilled', 'Deferred', 'CustomerCredit', 'Prepaid'))),
  check ((grant_id <> '') = (kind = 'Prepaid')),
  constraint ledger_account_overdrawn check (balance <= 0 or kind not in ('CustomerCredit', 'Prepaid', 'RefundsPayable'))
) with (fillfactor = 70);                            -- balances change in place

create table billing.ledger_transaction (
  tenant_id    text not null,
  seq          bigint generated always as identity,  -- the order of posting
  key          text collate "C" not null check (key <> ''),
  effective_on date not null,
  booked_at    timestamptz not null,
  reason       text not null,
  reverses     text[] not null,                      -- keys of what it takes back
  entries      int not null check (entries > 0),
  primary key (tenant_id, seq),
  unique (tenant_id, key)
);

create table billing.ledger_entry (
  tenant_id text not null,
  seq       bigint not null,                         -- of its transaction
  n         int not null check (n > 0),              -- 1 to entries
  account   bigint not null,
  amount    bigint not null check (amount <> 0),     -- minor units, debits above zero
  primary key (tenant_id, seq, n)
);

create index ledger_entry_account on billing.ledger_entry (tenant_id, account, seq) include (amount);

-- What was reversed, and by what. Written by the trigger of ledger_transaction alone.
create table billing.ledger_reversal (
  tenant_id text not null,
  reversed  text collate "C" not null,
  key       text collate "C" not null,
  primary key (tenant_id, reversed),
  foreign key (tenant_id, reversed) references billing.ledger_transaction (tenant_id, key)
);

-- A closed month closes all months before it, for ever.
create table billing.ledger_close (
  tenant_id text not null check (tenant_id <> ''),
  month     date not null check (extract(day from month) = 1),
  closed_at timestamptz not null,
  closed_by text not null,
  primary key (tenant_id, month)
);

-- What an account that is folded had with all transactions up to a number. Written by billing.take_ledger_snapshot alone.
create table billing.ledger_snapshot (
  tenant_id text not null,
  account   bigint not null,
  seq       bigint not null,
  balance   bigint not null,
  primary key (tenant_id, account, seq)
);

-- Amounts that went into Deferred, and how far they were recognised. What they are never changes; how far they are does.
create table billing.deferred_line (
  tenant_id     text not null check (tenant_id <> ''),
  line          text collate "C" not null,           -- invoice/n
  corrects      text collate "C",                    -- the line it takes back
  customer      text not null check (customer <> ''),
  currency      text not null,
  amount        bigint not null check (amount <> 0), -- minor units; below zero when it takes back
  service_start timestamptz not null,
  service_end   timestamptz not null,
  zone          text not null,
  unit          text not null check (unit in ('Day', 'Second', 'None')),
  recognized    bigint not null default 0,           -- minor units that are revenue
  next_month    date,                                -- the first that is not recognised, or an earlier one; null when none is left
  due_at        timestamptz,                         -- when it ends, or an earlier instant
  canceled_at   timestamptz,                         -- its invoice was voided
  primary key (tenant_id, line),
  check ((next_month is null) = (due_at is null)),
  check (canceled_at is null or due_at is null)
);

create index deferred_line_due on billing.deferred_line (tenant_id, due_at) where due_at is not null;
create index deferred_line_corrects on billing.deferred_line (tenant_id, corrects) where corrects is not null;

-- When each tenant's ledger is looked after next. A list of tenants for the job that does it, which belongs to none: without row-level security.
create table billing.ledger_upkeep (
  tenant_id text primary key check (tenant_id <> ''),
  due_at    timestamptz not null
);

create function billing.refuse_ledger_change() returns trigger language plpgsql as $$
begin
  raise exception '% of billing.% is refused: the ledger is added to, and never changed', tg_op, tg_table_name using errcode = 'restrict_violation';
end
$$;

create function billing.hold_ledger_shared() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(billing.ledger_lock());
  return null;
end
$$;

create function billing.hold_ledger_alone() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(billing.ledger_lock());
  return null;
end
$$;

create function billing.open_ledger_account() returns trigger language plpgsql as $$
begin
  new.balance := case when new.customer <> '' or new.kind = 'RefundsPayable' then 0 end;
  return new;
end
$$;

-- The statements of the two checks look up a few rows of large tables by their keys. Plans are made once for a connection, maybe while the tables are still empty,
-- when reading all of them looks cheapest: so here it is ruled out.
create function billing.check_ledger_transactions() returns trigger language plpgsql security definer set search_path = ''
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  wrong text;
begin
  select key into wrong from added where tenant_id is distinct from current_setting('metering.tenant', true) limit 1;
  if found then
    raise exception 'ledger transaction % belongs to another tenant', wrong using errcode = 'insufficient_privilege';
  end if;
  select key into wrong from added
  where not exists (select from billing.ledger_entry entry where entry.tenant_id = added.tenant_id and entry.seq = added.seq and entry.n = 1) limit 1;
  if found then
    raise exception 'ledger transaction % came without its entries', wrong using errcode = 'check_violation';
  end if;
  select key into wrong from added
  where effective_on < (select max(month) + interval '1 month' from billing.ledger_close where tenant_id = current_setting('metering.tenant', true)) limit 1;
  if found then
    raise exception 'ledger transaction % is effective in a closed month', wrong using errcode = 'restrict_violation';
  end if;
  insert into billing.ledger_reversal (tenant_id, reversed, key) select tenant_id, unnest(reverses), key from added where reverses <> '{}';
  return null;
end
$$;

create function billing.check_ledger_entries() returns trigger language plpgsql security definer set search_path = ''
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  wrong text;
begin
  with by_currency as (
    select entry.tenant_id, entry.seq, account.currency, sum(entry.amount) as amount, count(*) as entries, max(entry.n) as last
    from added as entry left join billing.ledger_account account on account.tenant_id = entry.tenant_id and account.id = entry.account
    group by entry.tenant_id, entry.seq, account.currency),
  by_transaction as (
    select tenant_id, seq, sum(entries) as entries, max(last) as last, bool_and(amount = 0 and currency is not null) as balanced from by_currency group by tenant_id, seq)
  select coalesce(posted.key, 'without a transaction') into wrong
  from by_transaction given left join billing.ledger_transaction posted on posted.tenant_id = given.tenant_id and posted.seq = given.seq
  where not given.balanced or given.last <> given.entries or given.entries is distinct from posted.entries limit 1;
  if found then
    raise exception 'ledger entries (%) are no transaction: it comes whole, sums to zero in every currency, and its accounts exist', wrong using errcode = 'check_violation';
  end if;
  update billing.ledger_account account set balance = account.balance + moved.amount
  from (select tenant_id, entry.account, sum(amount)::bigint as amount from added as entry group by tenant_id, entry.account) as moved
  where account.tenant_id = moved.tenant_id and account.id = moved.account and account.balance is not null;
  return null;
end
$$;

create trigger opens before insert on billing.ledger_account for each row execute function billing.open_ledger_account();
create trigger stays before update of tenant_id, id, kind, customer, grant_id, currency on billing.ledger_account for each statement execute function billing.refuse_ledger_change();
-- Only check_ledger_entries changes a balance.
create trigger balance_stays before update of balance on billing.ledger_account for each statement when (pg_trigger_depth() = 0) execute function billing.refuse_ledger_change();
create trigger holds before insert on billing.ledger_transaction for each statement execute function billing.hold_ledger_shared();
create trigger checks after insert on billing.ledger_transaction referencing new table as added for each statement execute function billing.check_ledger_transactions();
create trigger checks after insert on billing.ledger_entry referencing new table as added for each statement execute function billing.check_ledger_entries();
create trigger holds before insert on billing.ledger_close for each statement execute function billing.hold_ledger_alone();
create trigger stays before update of tenant_id, line, corrects, customer, currency, amount, service_start, service_end, zone, unit on billing.deferred_line
  for each statement execute function billing.refuse_ledger_change();

do $$
declare
  name text;
begin
  foreach name in array array['ledger_account', 'ledger_transaction', 'ledger_entry', 'ledger_reversal', 'ledger_close', 'ledger_snapshot', 'deferred_line'] loop
    execute format('create trigger is_kept before delete or truncate on billing.%I for each statement execute function billing.refuse_ledger_change()', name);
    execute format('alter table billing.%I enable row level security', name);
    execute format('alter table billing.%I force row level security', name);
    execute format('create policy own_rows on billing.%I using (tenant_id = current_setting(''metering.tenant'', true)) with check (tenant_id = current_setting(''metering.tenant'', true))', name);
  end loop;
  foreach name in array array['ledger_transaction', 'ledger_entry', 'ledger_reversal', 'ledger_close', 'ledger_snapshot'] loop
    execute format('create trigger stays before update on billing.%I for each statement execute function billing.refuse_ledger_change()', name);
  end loop;
end
$$;

-- Debits above zero, in minor units.
create view billing.ledger_balance with (security_invoker = true) as
select account.tenant_id, account.id, account.kind, account.customer, account.grant_id, account.currency,
  coalesce(account.balance, (coalesce(snapshot.balance, 0) + coalesce(since.amount, 0))::bigint) as balance
from billing.ledger_account account
left join lateral (
  select taken.seq, taken.balance from billing.ledger_snapshot taken
  where account.balance is null and taken.tenant_id = account.tenant_id and taken.account = account.id order by taken.seq desc limit 1) as snapshot on true
left join lateral (
  select sum(entry.amount) as amount from billing.ledger_entry entry
  where account.balance is null and entry.tenant_id = account.tenant_id and entry.account = account.id and entry.seq > coalesce(snapshot.seq, 0)) as since on true;

-- Waits for everybody who is posting, and returns the newest number: from then on nothing appears at or below it. The ledger is held until the transaction ends.
create function billing.settle_ledger() returns bigint language plpgsql as $$
begin
  perform pg_advisory_xact_lock(billing.ledger_lock());
  return (select coalesce(max(seq), 0) from billing.ledger_transaction where tenant_id = current_setting('metering.tenant'));
end
$$;

-- Writes down the balances that are folded, so that the next fold is short.
create function billing.take_ledger_snapshot() returns bigint language plpgsql security definer set search_path = '' as $$
declare
  newest bigint := billing.settle_ledger();
begin
  insert into billing.ledger_snapshot (tenant_id, account, seq, balance)
  select total.tenant_id, total.id, newest, total.balance
  from billing.ledger_balance total join billing.ledger_account account on account.tenant_id = total.tenant_id and account.id = total.id
  where total.tenant_id = current_setting('metering.tenant') and account.balance is null and exists (
    select from billing.ledger_entry entry where entry.tenant_id = total.tenant_id and entry.account = total.id and entry.seq > coalesce(
      (select max(taken.seq) from billing.ledger_snapshot taken where taken.tenant_id = total.tenant_id and taken.account = total.id), 0));
  return newest;
end
$$;

grant select on billing.ledger_account, billing.ledger_transaction, billing.ledger_entry, billing.ledger_reversal, billing.ledger_close, billing.ledger_snapshot,
  billing.deferred_line, billing.ledger_balance, billing.ledger_upkeep to metering_app;
grant insert (tenant_id, kind, customer, grant_id, currency) on billing.ledger_account to metering_app;
grant update (currency) on billing.ledger_account to metering_app;     -- to lock rows: PostgreSQL asks for it, and the trigger refuses to use it
grant insert (tenant_id, key, effective_on, booked_at, reason, reverses, entries) on billing.ledger_transaction to metering_app;
grant insert on billing.ledger_entry, billing.ledger_close, billing.deferred_line, billing.ledger_upkeep to metering_app;
grant update (recognized, next_month, due_at, canceled_at) on billing.deferred_line to metering_app;
