-- Plans are made once for a connection, maybe while the tables are still empty, when all indexes look the same. Of two that begin with the tenant the wrong one was
-- taken to find an account by its id, and every look-up then read all accounts of the tenant. So one of them alone begins with the tenant.
alter table billing.ledger_account drop constraint ledger_account_tenant_id_customer_kind_grant_id_currency_key;
alter table billing.ledger_account add constraint ledger_account_once unique (customer, kind, grant_id, currency, tenant_id);

-- As before, and balances change in the order of the accounts' ids, wherever the entries come from: two who change the same ones do not wait for each other.
create or replace function billing.check_ledger_entries() returns trigger language plpgsql security definer set search_path = ''
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
  from (select tenant_id, entry.account, sum(amount)::bigint as amount from added as entry group by tenant_id, entry.account order by entry.account) as moved
  where account.tenant_id = moved.tenant_id and account.id = moved.account and account.balance is not null;
  return null;
end
$$;
