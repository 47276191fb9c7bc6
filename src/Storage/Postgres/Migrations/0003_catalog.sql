-- What is sold, and for how much. Everything here belongs to a tenant: tenant_id leads every key, foreign keys included, because the checks of foreign
-- keys pass over row-level security. The program works as metering_app, which owns no table, and says in each transaction whose rows it may see;
-- where nothing is said, there are none.
do $$
begin
  if not exists (select 1 from pg_roles where rolname = 'metering_app') then
    create role metering_app nologin;
  end if;
exception
  when duplicate_object or unique_violation then
    null;                                            -- another database of the same server was migrated at the same time
  when insufficient_privilege then
    raise exception 'The role metering_app is missing and % may not make it. As a superuser: create role metering_app nologin; grant metering_app to %;', current_user, current_user;
end
$$;

do $$
begin
  if not pg_has_role(current_user, 'metering_app', 'member') then
    execute format('grant metering_app to %I', current_user);
  end if;
end
$$;

create schema billing;

-- Counts the changes of a tenant's catalogue, and its row is held by each of them: two changes of one catalogue come one after the other.
create table billing.catalog (
  tenant_id text primary key check (tenant_id <> ''),
  version   bigint not null
);

-- Products, features, tax rates, discounts and overrides: things with a key that is theirs for ever, and a body that the program understands.
create table billing.catalog_item (
  tenant_id   text not null check (tenant_id <> ''),
  kind        text not null,
  key         text not null,
  body        json not null,                         -- as it was written: json keeps the order of the fields, jsonb would not
  revision    bigint not null default 1,
  created_at  timestamptz not null,
  updated_at  timestamptz not null,
  archived_at timestamptz,
  primary key (tenant_id, kind, key)
);

create table billing.price_book (
  tenant_id   text not null check (tenant_id <> ''),
  key         text not null,
  name        text not null,
  created_at  timestamptz not null,
  primary key (tenant_id, key)
);

create table billing.price_book_version (
  tenant_id      text not null check (tenant_id <> ''),
  book           text not null,
  version        int not null check (version > 0),
  state          text not null default 'draft' check (state in ('draft', 'published', 'archived')),
  effective_from timestamptz not null,
  body           json not null,                      -- as it was written
  content_hash   bytea not null,                     -- SHA-256 of the canonical bytes
  revision       bigint not null default 1,
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  published_at   timestamptz,
  archived_at    timestamptz,
  primary key (tenant_id, book, version),
  foreign key (tenant_id, book) references billing.price_book (tenant_id, key)
);

create unique index price_book_one_draft on billing.price_book_version (tenant_id, book) where state = 'draft';

-- Which meters a published version bills: they can be neither deleted nor redefined.
create table billing.price_meter (
  tenant_id text not null check (tenant_id <> ''),
  book      text not null,
  version   int not null,
  meter     text not null,
  primary key (tenant_id, meter, book, version),
  foreign key (tenant_id, book, version) references billing.price_book_version (tenant_id, book, version)
);

-- What was answered to a request that carried a key, kept with what the request did.
create table billing.idempotency_key (
  tenant_id    text not null check (tenant_id <> ''),
  key          text not null,
  request      bytea not null,                       -- SHA-256 of method, path and body
  status       int not null,
  content_type text,
  location     text,
  etag         text,
  body         bytea not null,
  created_at   timestamptz not null,
  primary key (tenant_id, key)
);

create index idempotency_key_age on billing.idempotency_key (tenant_id, created_at);

create function billing.refuse_change_of_published() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.state <> 'draft' then
      raise exception 'version % of price book % is % and stays', old.version, old.book, old.state using errcode = 'restrict_violation';
    end if;
    return old;
  end if;
  if old.state <> 'draft' and (old.body::text, old.effective_from, old.content_hash, old.published_at) is distinct from (new.body::text, new.effective_from, new.content_hash, new.published_at) then
    raise exception 'version % of price book % is % and does not change', old.version, old.book, old.state using errcode = 'restrict_violation';
  end if;
  if old.state = 'archived' and new.state <> 'archived' or old.state = 'published' and new.state = 'draft' then
    raise exception 'version % of price book % does not go from % to %', old.version, old.book, old.state, new.state using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;

create trigger price_book_version_stays before update or delete on billing.price_book_version for each row execute function billing.refuse_change_of_published();

do $$
declare
  name text;
begin
  foreach name in array array['catalog', 'catalog_item', 'price_book', 'price_book_version', 'price_meter', 'idempotency_key'] loop
    execute format('alter table billing.%I enable row level security', name);
    execute format('alter table billing.%I force row level security', name);
    execute format('create policy own_rows on billing.%I using (tenant_id = current_setting(''metering.tenant'', true)) with check (tenant_id = current_setting(''metering.tenant'', true))', name);
  end loop;
end
$$;

-- The tenant's meters as prices need them. Runs with its owner's rights: the table of meters is not the billing role's to read.
create view billing.priced_meter as
select tenant as tenant_id, slug, aggregation, array(select jsonb_object_keys(group_by)) as dimensions, serving.mrev as revision, serving.definition
from public.meter
left join lateral (
  select mrev, definition from public.meter_rev
  where meter_id = meter.id and state <> 'retired'
  order by state = 'ready' desc, case when state = 'ready' then -mrev else mrev end
  limit 1) as serving on true                        -- the revision that answers queries
where deleted_at is null and tenant = current_setting('metering.tenant', true);

grant usage on schema billing to metering_app;
grant select, insert, update on all tables in schema billing to metering_app;
grant delete on billing.price_book_version, billing.idempotency_key to metering_app;
