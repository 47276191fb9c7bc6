-- Invoices and what happens to them. Amounts are minor units of the row's currency. What a final invoice says never changes, and the database sees to it:
-- what is taken back is a credit note, what is paid is a payment, and what remains is kept beside.

-- The last number of each series, held by the transaction that takes numbers: they have no gaps, because a transaction that fails takes none.
create table billing.document_series (
  tenant_id text not null check (tenant_id <> ''),
  series    text not null,                            -- INV, CN
  last      bigint not null check (last > 0),
  primary key (tenant_id, series)
);

create table billing.invoice (
  tenant_id         text not null check (tenant_id <> ''),
  id                text not null,                    -- inv_ and 26 letters of the hash of what follows: the same cause is the same invoice
  subscription      text,                             -- null: bills no subscription, as the purchase of a grant does
  due_at            timestamptz not null,             -- when it became due to be made
  kind              text not null,                    -- period, advance, correction:…, purchase:…
  attempt           int not null check (attempt > 0), -- another one after one that was voided
  customer          text not null,
  currency          text not null,
  state             text not null default 'draft' check (state in ('draft', 'open', 'paid', 'void', 'uncollectible')),
  revision          bigint not null default 1,
  created_at        timestamptz not null,
  -- Of a final one.
  number            text,
  issued_at         timestamptz,
  payable_until     timestamptz,
  rules_version     text,
  inputs            json,                             -- canonical, as it was written: all that the amounts depend on
  inputs_hash       bytea,                            -- SHA-256 of it
  body              json,                             -- canonical: lines, explanation, tax
  rounding          text,
  subtotal          bigint,
  discount          bigint,
  promotional       bigint,
  tax               bigint,
  total             bigint,                           -- of either sign
  incomplete_reason text,                             -- why it was finalised before all usage was there; null: it was there
  by_grants         bigint not null default 0 check (by_grants >= 0),
  by_credit         bigint not null default 0 check (by_credit >= 0),
  carried           bigint not null default 0 check (carried >= 0),        -- what a total below zero gave to the customer's credit
  paid              bigint not null default 0 check (paid >= 0),
  credited          bigint not null default 0 check (credited >= 0),       -- what credit notes took off what was open
  remaining         bigint not null default 0 check (remaining >= 0),
  closed_at         timestamptz,                      -- paid, void or written off
  closing_reason    text,
  waived            boolean not null default false,   -- void, and its lines are not billed again
  primary key (tenant_id, id),
  unique nulls not distinct (tenant_id, subscription, customer, due_at, kind, attempt),
  unique (tenant_id, number),
  foreign key (tenant_id, customer) references billing.customer (tenant_id, key),
  foreign key (tenant_id, subscription) references billing.subscription (tenant_id, id),
  check (state = 'draft' or num_nulls(number, issued_at, payable_until, rules_version, inputs, inputs_hash, body, rounding, subtotal, discount, promotional, tax, total) = 0),
  check (state in ('draft', 'void') or remaining = greatest(total, 0) - by_grants - by_credit - paid - credited),
  check ((remaining > 0) = (state in ('open', 'uncollectible')))
);

create index invoice_customer on billing.invoice (tenant_id, customer, due_at desc, id);
create index invoice_subscription on billing.invoice (tenant_id, subscription, due_at desc, id);
create index invoice_due on billing.invoice (tenant_id, due_at desc, id);
create index invoice_state on billing.invoice (tenant_id, state, due_at desc, id) where state in ('draft', 'open', 'uncollectible');

create table billing.invoice_line (
  tenant_id     text not null check (tenant_id <> ''),
  invoice       text not null,
  n             int not null check (n > 0),
  subscription  text,
  period_start  timestamptz not null,
  period_end    timestamptz not null,
  key           text not null,
  component     text not null,
  service_start timestamptz not null,
  service_end   timestamptz not null,
  kind          text not null,
  recognition   text not null check (recognition in ('arrears', 'once', 'advance', 'grant_purchase')),
  amount        bigint not null,                      -- as it was rated
  discount      bigint not null,
  promotional   bigint not null,
  tax           bigint not null,
  tax_code      text,
  tax_percent   text,                                 -- exact
  tax_inclusive boolean not null,
  total         bigint not null,                      -- with the tax
  accrued       bigint not null,                      -- what of it was posted as late usage before
  corrects      text,                                 -- invoice/n of the line that it gives back
  grant_id      text,                                 -- that it buys
  primary key (tenant_id, invoice, n),
  foreign key (tenant_id, invoice) references billing.invoice (tenant_id, id)
);

create index invoice_line_identity on billing.invoice_line (tenant_id, subscription, period_start, period_end, key);

create table billing.payment (
  tenant_id   text not null check (tenant_id <> ''),
  id          text not null,                          -- pay_ and the hash of the reference
  reference   text not null,                          -- the caller's, used once for ever
  invoice     text not null,
  customer    text not null,
  currency    text not null,
  method      text not null check (method in ('bank', 'clearing')),
  amount      bigint not null check (amount > 0),
  applied     bigint not null check (applied >= 0),
  excess      bigint not null check (excess >= 0),    -- the customer's credit now
  recovered   boolean not null,                       -- the invoice had been written off
  received_at timestamptz not null,
  created_at  timestamptz not null,
  primary key (tenant_id, id),
  unique (tenant_id, reference),
  foreign key (tenant_id, invoice) references billing.invoice (tenant_id, id),
  check (amount = applied + excess)
);

create index payment_invoice on billing.payment (tenant_id, invoice, created_at, id);

create table billing.credit_note (
  tenant_id   text not null check (tenant_id <> ''),
  id          text not null,                          -- cn_ and the hash of invoice and cause
  invoice     text not null,
  cause       text not null,                          -- reference:…, correction:…
  customer    text not null,
  currency    text not null,
  number      text not null,
  state       text not null default 'issued' check (state in ('issued', 'void')),
  reason      text not null,
  amount      bigint not null,                        -- Σ of its lines
  promotional bigint not null,
  tax         bigint not null,
  total       bigint not null check (total >= 0),
  reduced     bigint not null check (reduced >= 0),   -- taken off what was open
  restored    bigint not null check (restored >= 0),  -- returned to paid grants
  refunds     boolean not null,                       -- whether the rest is sent back, and not kept as credit
  rest        bigint not null check (rest >= 0),
  issued_at   timestamptz not null,
  voided_at   timestamptz,
  void_reason text,
  primary key (tenant_id, id),
  unique (tenant_id, number),
  foreign key (tenant_id, invoice) references billing.invoice (tenant_id, id),
  check (total = reduced + restored + rest),
  check ((state = 'void') = (voided_at is not null))
);

create index credit_note_invoice on billing.credit_note (tenant_id, invoice, issued_at, id);

create table billing.credit_note_line (
  tenant_id     text not null check (tenant_id <> ''),
  note          text not null,
  n             int not null check (n > 0),
  invoice       text not null,
  line          int,                                  -- of the invoice; null: a difference in a line that the invoice has not
  subscription  text,
  period_start  timestamptz not null,
  period_end    timestamptz not null,
  key           text not null,
  component     text not null,
  recognition   text not null check (recognition in ('arrears', 'once', 'advance')),
  amount        bigint not null,
  promotional   bigint not null,
  tax           bigint not null,
  tax_inclusive boolean not null,
  total         bigint not null,
  primary key (tenant_id, note, n),
  foreign key (tenant_id, note) references billing.credit_note (tenant_id, id),
  foreign key (tenant_id, invoice, line) references billing.invoice_line (tenant_id, invoice, n)
);

create index credit_note_line_identity on billing.credit_note_line (tenant_id, subscription, period_start, period_end, key);
create index credit_note_line_invoice on billing.credit_note_line (tenant_id, invoice, line);

create table billing.credit_grant (
  tenant_id  text not null check (tenant_id <> ''),
  id         text not null,                           -- grant_ and the hash of the reference
  reference  text not null,                           -- the caller's, used once for ever
  customer   text not null,
  kind       text not null check (kind in ('promotional', 'paid')),
  currency   text not null,
  amount     bigint not null check (amount > 0),
  remaining  bigint not null check (remaining between 0 and amount),
  state      text not null check (state in ('pending', 'usable', 'expired', 'void')),   -- pending: its purchase is not paid yet
  components text[],                                  -- null: all
  priority   int not null,
  valid_from timestamptz not null,
  expires_at timestamptz check (expires_at > valid_from),
  granted_at timestamptz not null,
  invoice    text,                                    -- that sells it
  primary key (tenant_id, id),
  unique (tenant_id, reference),
  foreign key (tenant_id, customer) references billing.customer (tenant_id, key),
  foreign key (tenant_id, invoice) references billing.invoice (tenant_id, id),
  check (kind = 'paid' or invoice is null and state <> 'pending')
);

create index credit_grant_customer on billing.credit_grant (tenant_id, customer, granted_at desc, id);
create index credit_grant_invoice on billing.credit_grant (tenant_id, invoice) where invoice is not null;
create index credit_grant_expiry on billing.credit_grant (expires_at, tenant_id) where state in ('pending', 'usable') and expires_at is not null;

-- What took from a grant, or gave back to it. The grant's amount less their sum is what remains.
create table billing.grant_use (
  tenant_id text not null check (tenant_id <> ''),
  grant_id  text not null,
  cause     text not null,                            -- invoice:…, invoice:…:voided, credit-note:…, credit-note:…:voided, refund:1, expired
  invoice   text,                                     -- that it was used on, or is given back of
  amount    bigint not null check (amount <> 0),      -- above zero: used
  n         int not null,                             -- order of use
  at        timestamptz not null,
  primary key (tenant_id, grant_id, cause),
  foreign key (tenant_id, grant_id) references billing.credit_grant (tenant_id, id)
);

create index grant_use_invoice on billing.grant_use (tenant_id, invoice) where invoice is not null;

create function billing.refuse_change_of_invoice() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.state <> 'draft' then
      raise exception 'invoice % is % and stays', old.id, old.state using errcode = 'restrict_violation';
    end if;
    return old;
  end if;
  if (old.tenant_id, old.id, old.subscription, old.due_at, old.kind, old.attempt, old.customer, old.currency, old.created_at)
      is distinct from (new.tenant_id, new.id, new.subscription, new.due_at, new.kind, new.attempt, new.customer, new.currency, new.created_at) then
    raise exception 'what invoice % is for does not change', old.id using errcode = 'restrict_violation';
  end if;
  if old.state = 'draft' then
    return new;
  end if;
  if (old.number, old.issued_at, old.payable_until, old.rules_version, old.inputs::text, old.inputs_hash, old.body::text, old.rounding,
      old.subtotal, old.discount, old.promotional, old.tax, old.total, old.incomplete_reason, old.by_grants, old.by_credit, old.carried)
    is distinct from
     (new.number, new.issued_at, new.payable_until, new.rules_version, new.inputs::text, new.inputs_hash, new.body::text, new.rounding,
      new.subtotal, new.discount, new.promotional, new.tax, new.total, new.incomplete_reason, new.by_grants, new.by_credit, new.carried) then
    raise exception 'invoice % is % and does not change', old.id, old.state using errcode = 'restrict_violation';
  end if;
  if old.state <> new.state and (old.state, new.state) not in
      (('open', 'paid'), ('open', 'void'), ('open', 'uncollectible'), ('paid', 'open'), ('paid', 'void'), ('uncollectible', 'paid')) then
    raise exception 'invoice % does not go from % to %', old.id, old.state, new.state using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;

create trigger invoice_stays before update or delete on billing.invoice for each row execute function billing.refuse_change_of_invoice();
create trigger invoice_line_stays before update or delete on billing.invoice_line for each row execute function billing.refuse_change();
create trigger payment_stays before update or delete on billing.payment for each row execute function billing.refuse_change();
create trigger credit_note_line_stays before update or delete on billing.credit_note_line for each row execute function billing.refuse_change();
create trigger grant_use_stays before update or delete on billing.grant_use for each row execute function billing.refuse_change();

-- A credit note is voided once; nothing else of it changes.
create function billing.refuse_change_of_note() returns trigger language plpgsql as $$
begin
  if old.state = 'void' or new.state <> 'void'
    or to_jsonb(old) - array['state', 'voided_at', 'void_reason'] <> to_jsonb(new) - array['state', 'voided_at', 'void_reason'] then
    raise exception 'credit note % is % and does not change', old.id, old.state using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;

create trigger credit_note_stays before update on billing.credit_note for each row execute function billing.refuse_change_of_note();

do $$
declare
  name text;
begin
  foreach name in array array[
    'document_series', 'invoice', 'invoice_line', 'payment', 'credit_note', 'credit_note_line', 'credit_grant', 'grant_use'] loop
    execute format('alter table billing.%I enable row level security', name);
    execute format('alter table billing.%I force row level security', name);
    execute format('create policy own_rows on billing.%I using (tenant_id = current_setting(''metering.tenant'', true)) with check (tenant_id = current_setting(''metering.tenant'', true))', name);
  end loop;
end
$$;

grant select, insert on billing.document_series, billing.invoice, billing.invoice_line, billing.payment, billing.credit_note, billing.credit_note_line,
  billing.credit_grant, billing.grant_use to metering_app;
grant update on billing.document_series, billing.invoice, billing.credit_note, billing.credit_grant to metering_app;
grant delete on billing.invoice to metering_app;
