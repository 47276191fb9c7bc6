-- Money that was sent back: what a credit note, or the unused part of a grant, had left as payable.
create table billing.refund (
  tenant_id   text not null check (tenant_id <> ''),
  id          text not null,                          -- re_ and the hash of the reference
  reference   text not null,                          -- the caller's, used once for ever
  customer    text not null,
  note        text,                                   -- the credit note that it pays out
  grant_id    text,                                   -- or the grant
  currency    text not null,
  amount      bigint not null check (amount > 0),
  state       text not null default 'sent' check (state in ('sent', 'failed')),   -- failed: it came back, and is payable again
  sent_at     timestamptz not null,
  created_at  timestamptz not null,
  failed_at   timestamptz,
  fail_reason text,
  primary key (tenant_id, id),
  unique (tenant_id, reference),
  foreign key (tenant_id, customer) references billing.customer (tenant_id, key),
  foreign key (tenant_id, note) references billing.credit_note (tenant_id, id),
  foreign key (tenant_id, grant_id) references billing.credit_grant (tenant_id, id),
  check ((note is null) <> (grant_id is null)),
  check ((state = 'failed') = (failed_at is not null) and (state = 'failed') = (fail_reason is not null))
);

create index refund_note on billing.refund (tenant_id, note) where note is not null;
create index refund_grant on billing.refund (tenant_id, grant_id) where grant_id is not null;
create index refund_created on billing.refund (tenant_id, created_at desc, id);

-- A refund fails once; nothing else of it changes.
create function billing.refuse_change_of_refund() returns trigger language plpgsql as $$
begin
  if old.state <> 'sent' or new.state <> 'failed'
    or to_jsonb(old) - array['state', 'failed_at', 'fail_reason'] <> to_jsonb(new) - array['state', 'failed_at', 'fail_reason'] then
    raise exception 'refund % is % and does not change', old.id, old.state using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;

create trigger refund_stays before update on billing.refund for each row execute function billing.refuse_change_of_refund();
create trigger refund_is_kept before delete on billing.refund for each row execute function billing.refuse_change();

alter table billing.refund enable row level security;
alter table billing.refund force row level security;
create policy own_rows on billing.refund using (tenant_id = current_setting('metering.tenant', true)) with check (tenant_id = current_setting('metering.tenant', true));

grant select, insert, update on billing.refund to metering_app;
