-- What a correction has to know of lines that were issued.

-- Whether the line changes another by what that costs after its discounts, so that nothing discounts it again: what corrections found, be it in a line that no invoice had before.
-- Lines from before are told by what they name, as invoices that were derived from them took them; their rows are not touched, they never change.
alter table billing.invoice_line add is_difference boolean not null generated always as (corrects is not null) stored;
alter table billing.invoice_line alter is_difference drop expression;

-- The rate of a line that the note's invoice has not, which later differences of it are taxed by; null: that of the invoice's line, or none.
alter table billing.credit_note_line add tax_code text, add tax_percent text;
