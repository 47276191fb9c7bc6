// node clickhouse.mjs <folder with node_modules> <clickhouse url>
// The official ClickHouse client on the whole program's ClickHouse: a table of one's own, and the usage views.
import { createRequire } from 'node:module';

const [, , modules, url] = process.argv;
const { createClient } = createRequire(modules + '/')('@clickhouse/client');
const client = createClient({ url, database: 'metering', compression: { request: true, response: true } });
const rows = async (query, query_params) => (await client.query({ query, query_params, format: 'JSONEachRow' })).json();

await client.command({ query: 'CREATE DATABASE scratch' });
await client.command({ query: 'CREATE TABLE scratch.plans (subject String, price Decimal(18, 2)) ENGINE = MergeTree ORDER BY subject' });
await client.insert({ table: 'scratch.plans', values: [{ subject: 'customer-1', price: '0.25' }, { subject: 'customer-2', price: '0.50' }], format: 'JSONEachRow' });
console.log(JSON.stringify({
  views: (await rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View' ORDER BY name")).map((row) => row.name),
  minutes: await rows('SELECT meter, subject, toFloat64(value) AS value FROM usage_by_minute WHERE subject = {subject:String}', { subject: 'customer-1' }),
  hours: (await rows('SELECT count() AS n FROM usage_by_hour'))[0].n,
  days: (await rows('SELECT count() AS n FROM usage_by_day'))[0].n,
  events: await rows('SELECT id, JSONExtractFloat(data, \'tokens\') AS tokens FROM usage_events ORDER BY id'),
  corrections: await rows('SELECT * FROM usage_corrections'),
  deadLetters: (await rows('SELECT code FROM dead_letters')).map((row) => row.code),
  priced: await rows(`SELECT u.subject AS subject, toFloat64(sum(u.value) * any(p.price)) AS amount
    FROM usage_by_day AS u JOIN scratch.plans AS p ON p.subject = u.subject GROUP BY u.subject ORDER BY u.subject`),
}));
await client.close();
