// node openmeter.mjs <folder with node_modules> <base url>
// Uses the official OpenMeter SDK as its users do, and prints what it saw as one JSON object; the test judges it.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , modules, baseUrl] = process.argv;
const entry = createRequire(modules + '/').resolve('@openmeter/sdk');
const { OpenMeter } = await import(pathToFileURL(entry));
const openmeter = new OpenMeter({ baseUrl });

const minute = 60_000;
const start = new Date(Math.floor(Date.now() / minute) * minute - 120 * minute);
const at = (offset) => new Date(start.getTime() + offset * minute);
const seen = {};
const errorOf = async (call) => {
  try { await call(); } catch (error) { return { name: error.name, status: error.status, title: error.title, message: error.message }; }
  return null;
};
const until = async (condition) => {
  for (let i = 0; i < 600; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('waited too long');
};
const rows = (answer) => answer.data.map((row) => ({ value: row.value, subject: row.subject, groupBy: row.groupBy, from: row.windowStart.toISOString() }));

// Meters.
const created = await openmeter.meters.create({
  slug: 'sdk_tokens', description: 'Tokens', aggregation: 'SUM', eventType: 'prompt', valueProperty: '$.tokens',
  groupBy: { model: '$.model', kind: '$.kind' },
});
seen.created = { id: /^[0-9A-HJKMNP-TV-Z]{26}$/.test(created.id), slug: created.slug, createdAt: created.createdAt instanceof Date };
await openmeter.meters.create({ slug: 'sdk_calls', aggregation: 'COUNT', eventType: 'prompt' });
await openmeter.meters.create({ slug: 'sdk_users', aggregation: 'UNIQUE_COUNT', eventType: 'prompt', valueProperty: '$.user' });
seen.listed = (await openmeter.meters.list()).map((meter) => meter.slug).sort();
seen.byId = (await openmeter.meters.get(created.id)).slug;
const updated = await openmeter.meters.update('sdk_tokens', { name: 'Tokens used', metadata: { team: 'a' } });
seen.updated = { name: updated.name, metadata: updated.metadata, description: updated.description, groupBy: updated.groupBy };

// Events: one, many, one with everything left to the SDK, one twice.
const event = (id, subject, offset, data) => ({ id, source: 'sdk', type: 'prompt', subject, time: at(offset), data });
await openmeter.events.ingest(event('1', 'customer-1', 0, { tokens: 10, model: 'gpt', kind: 'input', user: 'u1' }));
await openmeter.events.ingest([
  event('2', 'customer-1', 1, { tokens: '20.5', model: 'gpt', kind: 'output', user: 'u2' }),
  event('3', 'customer-2', 61, { tokens: 0.1, model: 'llama', kind: 'input', user: 'u1' }),
  event('3', 'customer-2', 61, { tokens: 0.1, model: 'llama', kind: 'input', user: 'u1' }),
  event('4', 'customer-2', 62, { tokens: 0.2, model: 'llama', kind: 'input', user: 'u3' }),
]);
await openmeter.events.ingest({ type: 'other', subject: 'customer-3' });
const range = { from: start, to: at(120) };
await until(async () => (await openmeter.meters.query('sdk_calls', range)).data[0]?.value === 4);
await until(async () => (await openmeter.events.list()).length === 5);

// Queries.
const total = await openmeter.meters.query('sdk_tokens', range);
seen.total = total.data.map((row) => row.value);
seen.echo = { from: total.from.getTime() === start.getTime(), to: total.to.getTime() === at(120).getTime() };
seen.hours = rows(await openmeter.meters.query('sdk_tokens', { ...range, windowSize: 'MINUTE' })).map((row) => row.value);
seen.bySubject = rows(await openmeter.meters.query('sdk_tokens', { ...range, groupBy: ['subject', 'model'] }))
  .map((row) => [row.subject, row.groupBy, row.value]);
seen.oneSubject = rows(await openmeter.meters.query('sdk_tokens', { ...range, subject: ['customer-2'] })).map((row) => [row.subject, row.value]);
seen.filtered = rows(await openmeter.meters.query('sdk_tokens', { ...range, filterGroupBy: { model: 'gpt', kind: 'output' } })).map((row) => row.value);
const day = await openmeter.meters.query('sdk_tokens', { windowSize: 'DAY', windowTimeZone: 'Europe/Budapest' });
seen.days = day.data.reduce((sum, row) => sum + row.value, 0);
seen.dayStarts = day.data.every((row) => new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Budapest', timeStyle: 'medium' }).format(row.windowStart) === '00:00:00');
seen.users = (await openmeter.meters.query('sdk_users', range)).data[0].value;
seen.posted = rows(await openmeter.meters.queryPost('sdk_tokens', {
  ...range, groupBy: ['model'], advancedMeterGroupByFilters: { model: { $in: ['gpt', 'llama'] }, kind: { $ne: 'output' } },
})).map((row) => [row.groupBy.model, row.value]);
seen.none = (await openmeter.meters.query('sdk_tokens', { from: at(-50), to: at(-40) })).data;

// Events, subjects, group-by values.
const events = await openmeter.events.list({ subject: 'customer-1' });
seen.events = events.map((one) => [one.event.id, one.event.data.model, one.ingestedAt instanceof Date]);
seen.defaulted = (await openmeter.events.list({ subject: 'customer-3' })).map((one) => [one.event.source, one.event.specversion, one.event.time instanceof Date]);
seen.page = (await openmeter.events.listV2({ limit: 2 })).items.length;
const subjects = await fetch(`${baseUrl}/api/v1/meters/sdk_tokens/subjects?from=${start.toISOString()}`);
seen.subjects = await subjects.json();
seen.models = await openmeter.meters.listGroupByValues('sdk_tokens', 'model', { from: start });
await openmeter.subjects.upsert([{ key: 'customer-1', displayName: 'Customer One' }]);
seen.known = (await openmeter.subjects.list()).map((subject) => [subject.key, subject.displayName]);

// Errors.
seen.invalidEvent = await errorOf(() => openmeter.events.ingest({ type: 'prompt', subject: '' }));
seen.duplicateSlug = await errorOf(() => openmeter.meters.create({ slug: 'sdk_calls', aggregation: 'COUNT', eventType: 'x' }));
seen.missingMeter = await errorOf(() => openmeter.meters.get('nothing'));
seen.badGroup = await errorOf(() => openmeter.meters.query('sdk_tokens', { ...range, groupBy: ['nothing'] }));
seen.badZone = await errorOf(() => openmeter.meters.query('sdk_tokens', { ...range, windowSize: 'DAY', windowTimeZone: 'Mars/Base' }));
await openmeter.meters.delete('sdk_calls');
seen.deleted = await errorOf(() => openmeter.meters.get('sdk_calls'));
seen.left = (await openmeter.meters.list()).length;
seen.version = JSON.parse(readFileSync(modules + '/node_modules/@openmeter/sdk/package.json', 'utf8')).version;
console.log(JSON.stringify(seen));
