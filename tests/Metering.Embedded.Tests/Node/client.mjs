import { createRequire } from 'node:module';

// node client.mjs <folder with node_modules> <url> <database>
const [, , modules, url, database] = process.argv;
const { createClient } = createRequire(modules + '/')('@clickhouse/client');
const client = createClient({ url, database, compression: { request: true, response: true } });
const check = (name, actual, expected) => {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(actual)}`);
};

check('ping', (await client.ping()).success, true);
await client.command({ query: 'CREATE TABLE js (a UInt32, b String) ENGINE = MergeTree ORDER BY a' });
const rows = Array.from({ length: 50000 }, (_, i) => ({ a: i, b: 'row ' + i }));
await client.insert({ table: 'js', values: rows, format: 'JSONEachRow' });
const selected = await client.query({ query: 'SELECT * FROM js WHERE a < {n:UInt32} ORDER BY a', query_params: { n: 2 }, format: 'JSONEachRow' });
check('parameters', await selected.json(), rows.slice(0, 2));
const json = await (await client.query({ query: 'SELECT a FROM js', format: 'JSON' })).json();
check('rows', [json.rows, json.data.length], [50000, 50000]);

let streamed = 0;
const stream = (await client.query({ query: 'SELECT * FROM js', format: 'JSONEachRow' })).stream();
for await (const batch of stream) streamed += batch.length;
check('streamed', streamed, 50000);

let code;
try { await client.query({ query: 'SELECT * FROM missing' }); } catch (error) { code = error.code; }
check('error', code, '60');

// An error after the first rows breaks the transfer off.
const plain = createClient({ url, database });
let late;
try {
  const failing = await plain.query({ query: 'SELECT number, throwIf(number = 5000000) FROM numbers(10000000)', format: 'JSONEachRow' });
  for await (const batch of failing.stream()) void batch;
} catch (error) { late = error; }
check('late error', late !== undefined, true);
await plain.close();
await client.close();
console.log('ok');
