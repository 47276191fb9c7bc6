-- Who is billed, for what, and since when; and what every change leaves behind: an audit row, and a message for the other roles.

-- The tenants there are: what jobs go through. Its row is held by each change of the tenant's subject mapping, so that mappings have an order.
create table billing.tenant (
  tenant_id   text primary key check (tenant_id <> ''),
  mapping_seq bigint not null default 0,              -- the last change of the mapping; an invoice names the one it was computed from
  created_at  timestamptz not null
);

create table billing.customer (
  tenant_id         text not null check (tenant_id <> ''),
  key               text not null,
  name              text not null,
  currency          text,                             -- null: whatever its subscriptions have
  zone              text not null,                    -- IANA
  payment_term_days int not null check (payment_term_days between 0 and 365),
  grace_days        int not null check (grace_days between 0 and 365),
  tax_status        text not null check (tax_status in ('taxable', 'exempt', 'reverse_charge')),
  applies_credit    boolean not null,
  metadata          json not null,                    -- as it was written
  revision          bigint not null default 1,
  created_at        timestamptz not null,
  updated_at        timestamptz not null,
  archived_at       timestamptz,
  primary key (tenant_id, key)
);

-- A text as a range that holds only itself: an exclusion constraint can compare it without an extension.
create type billing.text_range as range (subtype = text, collation = "C");

-- Whose usage a subject is, and when. A row is never changed, it is superseded by another change of the mapping; those that are not superseded are the
-- mapping as it is now, and those that were not superseded by change n are the mapping as of n.
create table billing.customer_subject (
  tenant_id     text not null check (tenant_id <> ''),
  seq           bigint not null,                      -- the change that made it
  subject       text not null check (subject <> ''),
  valid_from    timestamptz not null check (extract(epoch from valid_from) % 60 = 0),
  valid_until   timestamptz check (extract(epoch from valid_until) % 60 = 0),
  customer      text not null,
  recorded_at   timestamptz not null,
  superseded_by bigint check (superseded_by > seq),
  primary key (tenant_id, subject, seq, valid_from),
  check (valid_from < valid_until),
  foreign key (tenant_id, customer) references billing.customer (tenant_id, key),
  -- Never two customers at once.
  constraint customer_subject_one_customer exclude using gist (
    billing.text_range(tenant_id, tenant_id, '[]') with =, billing.text_range(subject, subject, '[]') with =, tstzrange(valid_from, valid_until) with &&)
    where (superseded_by is null)
);

create index customer_subject_customer on billing.customer_subject (tenant_id, customer) where superseded_by is null;

-- What a price is, by the name that its content gives it: two components with one content are one price, in whatever version they are.
create table billing.price_content (
  tenant_id text not null check (tenant_id <> ''),
  price     text not null,                            -- first 16 hexadecimal digits of the SHA-256 of the body
  body      json not null,                            -- canonical
  primary key (tenant_id, price)
);

create table billing.subscription (
  tenant_id    text not null check (tenant_id <> ''),
  id           text not null,                         -- sub_ and a ULID
  reference    text,                                  -- the caller's own name for it, used once for ever
  customer     text not null,
  currency     text not null,
  zone         text not null,                         -- the customer's when it was made
  anchor       text not null,                         -- anniversary, instant, calendar, or the day: 1 to 31
  issuer       text not null default 'metering' check (issuer in ('metering', 'stripe')),
  draft        json not null,                         -- canonical: what the facts begin from
  version      bigint not null default 0,             -- the last fact
  -- What the draft and the facts come to, for lists and jobs. The facts are the truth.
  state        text not null,
  price_book   text not null,
  book_version int not null,
  plan         text not null,
  phase        text not null,
  start_at     timestamptz not null,
  ended_at     timestamptz,
  bill_at      timestamptz,                           -- when the billing run looks at it next; null: never
  next_due_at  timestamptz,                           -- when time brings something; null: never
  metadata     json not null,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, customer) references billing.customer (tenant_id, key),
  foreign key (tenant_id, price_book, book_version) references billing.price_book_version (tenant_id, book, version)
);

create unique index subscription_reference on billing.subscription (tenant_id, reference);
create index subscription_customer on billing.subscription (tenant_id, customer);
create index subscription_plan on billing.subscription (tenant_id, price_book, plan, book_version, id);
create index subscription_bill_at on billing.subscription (bill_at, tenant_id);
create index subscription_next_due on billing.subscription (next_due_at, tenant_id);

create table billing.subscription_fact (
  tenant_id    text not null check (tenant_id <> ''),
  subscription text not null,
  seq          bigint not null check (seq > 0),
  effective_at timestamptz not null,
  recorded_at  timestamptz not null,
  body         json not null,                         -- canonical
  primary key (tenant_id, subscription, seq),
  foreign key (tenant_id, subscription) references billing.subscription (tenant_id, id)
);

-- Messages to the other roles, written with the change they tell of. A relay appends them to the log and marks them.
create table billing.outbox (
  tenant_id  text not null check (tenant_id <> ''),
  seq        bigint generated always as identity,
  id         uuid not null default gen_random_uuid(), -- what consumers know a copy by
  aggregate  text not null,                           -- subscription:sub_…: its messages keep their order
  type       text not null,                           -- subscription.canceled
  body       json not null,                           -- canonical
  created_at timestamptz not null,
  relayed_at timestamptz,
  primary key (tenant_id, seq)
);

create index outbox_pending on billing.outbox (seq) where relayed_at is null;
create index outbox_relayed on billing.outbox (relayed_at) where relayed_at is not null;

-- Messages of other roles that were handled, written with what they led to: a copy leads to nothing.
create table billing.inbox (
  tenant_id  text not null check (tenant_id <> ''),
  consumer   text not null,
  message    text not null,
  handled_at timestamptz not null,
  primary key (tenant_id, consumer, message)
);

create index inbox_age on billing.inbox (tenant_id, consumer, handled_at);

-- Who did what, for seven years.
create table billing.audit_log (
  tenant_id text not null check (tenant_id <> ''),
  seq       bigint generated always as identity,
  at        timestamptz not null,
  actor     text not null,                            -- api, clock, …
  action    text not null,                            -- subscription.canceled
  subject   text not null,                            -- subscription:sub_…
  detail    json not null,
  primary key (tenant_id, seq)
);

create index audit_log_subject on billing.audit_log (tenant_id, subject, seq);

-- Jobs that one process does at a time. Every owner has a higher token than the one before, and a write with an older one is refused.
create table billing.job (
  name     text primary key,
  token    bigint not null,
  owner    text not null,
  taken_at timestamptz not null
);

-- Held until the transaction ends, so that nobody can take the job between the check and the commit. Runs with its owner's rights: the application's
-- role has none on jobs.
create function billing.hold_job(job_name text, held bigint) returns boolean language plpgsql security definer set search_path = '' as $$
begin
  perform 1 from billing.job where name = job_name and token = held for share;
  return found;
end
$$;

create function billing.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are never changed', tg_table_name using errcode = 'restrict_violation';
end
$$;

create trigger subscription_fact_stays before update or delete on billing.subscription_fact for each row execute function billing.refuse_change();
create trigger audit_log_stays before update on billing.audit_log for each row execute function billing.refuse_change();
create trigger price_content_stays before update or delete on billing.price_content for each row execute function billing.refuse_change();

create function billing.refuse_change_of_mapping() returns trigger language plpgsql as $$
begin
  if old.superseded_by is not null
    or (old.tenant_id, old.seq, old.subject, old.valid_from, old.valid_until, old.customer, old.recorded_at)
      is distinct from (new.tenant_id, new.seq, new.subject, new.valid_from, new.valid_until, new.customer, new.recorded_at) then
    raise exception 'a mapping of subject % is never changed, only superseded once', old.subject using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;

create trigger customer_subject_stays before update on billing.customer_subject for each row execute function billing.refuse_change_of_mapping();

do $$
declare
  name text;
begin
  foreach name in array array[
    'tenant', 'customer', 'customer_subject', 'price_content', 'subscription', 'subscription_fact', 'outbox', 'inbox', 'audit_log'] loop
    execute format('alter table billing.%I enable row level security', name);
    if name <> 'tenant' then                          -- its owner lists the tenants for the jobs
      execute format('alter table billing.%I force row level security', name);
    end if;
    execute format('create policy own_rows on billing.%I using (tenant_id = current_setting(''metering.tenant'', true)) with check (tenant_id = current_setting(''metering.tenant'', true))', name);
  end loop;

  -- Jobs go over all tenants to find their work, as the owner of the tables and only when they say so; what they find they do as the tenant.
  execute format('create policy every_tenant on billing.subscription for select to %I using (current_setting(''metering.job'', true) <> '''')', current_user);
  execute format('create policy every_tenant on billing.outbox to %I using (current_setting(''metering.job'', true) <> '''')', current_user);
end
$$;

grant select, insert on billing.tenant, billing.customer, billing.customer_subject, billing.price_content, billing.subscription, billing.subscription_fact,
  billing.outbox, billing.inbox, billing.audit_log to metering_app;
grant update on billing.tenant, billing.customer, billing.subscription to metering_app;
grant update (superseded_by) on billing.customer_subject to metering_app;
grant delete on billing.inbox to metering_app;
revoke all on function billing.hold_job(text, bigint) from public;
grant execute on function billing.hold_job(text, bigint) to metering_app;
