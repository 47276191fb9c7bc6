-- Every table: rows are identities, so sending them again changes nothing; every read says FINAL; inserts reach the disk before they are
-- acknowledged. Partitions and retention follow append or seal time, never event time: one batch may span twenty years of it.

-- One row per accepted record: a usage event, or a void or amendment of one (then source and id are the target's).
CREATE TABLE IF NOT EXISTS usage_raw (
  tenant       LowCardinality(String),
  type         LowCardinality(String),
  subject      String,
  time         DateTime64(7, 'UTC'),
  part         UInt16,
  off          UInt64,
  at           DateTime64(3, 'UTC'),               -- append time
  id_hash      FixedString(16),                    -- identity of this record
  target_hash  FixedString(16),                    -- of a void or amendment: identity of its target; else zeros
  payload_hash UInt64,
  source       String,
  id           String,
  data         String,
  attributes   String,
  kind         Enum8('use' = 0, 'void' = 1, 'amend' = 2),
  target_off   UInt64,                             -- offset of the target; 0 = not seen yet
  born_void    UInt8,                              -- its void or amendment came first, so it has no delta of its own
  problem      LowCardinality(String),             -- why a meter could not use it, e.g. value not numeric
  rounded      UInt8,                              -- 1 = a meter's value had more than 12 decimal places
  key          String,
  reason       String,
  ver          UInt8,                              -- 1 = payload erased, beats a zombie's 0
  INDEX o off TYPE minmax,
  INDEX h id_hash TYPE bloom_filter(0.01),
  INDEX t target_hash TYPE bloom_filter(0.01),
  INDEX k kind TYPE set(3)
) ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(at)
ORDER BY (tenant, type, subject, time, part, off)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- What one flush adds to one minute of one meter. A point (v, vt, vid) keeps MIN, MAX, LATEST and UNIQUE_COUNT additive.
CREATE TABLE IF NOT EXISTS usage_delta (
  tenant  LowCardinality(String),
  meter   UInt32,                                  -- meter revision
  subject String,
  minute  DateTime('UTC'),
  grp     Array(String),                           -- values of the group-by dimensions, in the order of their names
  v       Decimal(38, 12),
  vt      DateTime64(7, 'UTC'),
  vid     FixedString(16),
  kind    Enum8('use' = 0, 'history' = 1, 'void' = 2, 'amend' = 3, 'meter' = 4, 'repair' = 5),
  part    UInt16,
  lo      UInt64,
  hi      UInt64,
  at      DateTime('UTC'),                         -- highest append time of the flush
  s       Decimal(38, 12),
  n       Int64
) ENGINE = ReplacingMergeTree
PARTITION BY toStartOfHour(at)
ORDER BY (tenant, meter, subject, minute, grp, v, vt, vid, kind, part, lo)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Deltas folded by seals. Rows are only ever added; a row whose minute an earlier seal had sealed is a correction.
CREATE TABLE IF NOT EXISTS usage_window (
  tenant    LowCardinality(String),
  meter     UInt32,
  subject   String,
  minute    DateTime('UTC'),
  grp       Array(String),
  v         Decimal(38, 12),
  vt        DateTime64(7, 'UTC'),
  vid       FixedString(16),
  kind      Enum8('use' = 0, 'history' = 1, 'void' = 2, 'amend' = 3, 'meter' = 4, 'repair' = 5),
  seal_no   UInt64,
  sealed_at DateTime('UTC'),
  s         Decimal(38, 12),
  n         Int64
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(sealed_at)
ORDER BY (tenant, meter, subject, minute, grp, v, vt, vid, kind, seal_no)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- What was not counted, and why. Claims no identity.
CREATE TABLE IF NOT EXISTS dead_letter (
  part    UInt16,
  off     UInt64,
  code    LowCardinality(String),
  message String,
  at      DateTime64(3, 'UTC'),
  tenant  LowCardinality(String),
  source  String,
  id      String,
  raw     String                                   -- the event's JSON, or the bytes that were no event
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (part, off, code)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS dead_letter_replay (
  part        UInt16,
  off         UInt64,
  replayed_at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (part, off)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- One row per flush and partition: records = accepted + duplicates + dead + ticks.
CREATE TABLE IF NOT EXISTS flush_log (
  part       UInt16,
  flush_no   UInt64,
  lo         UInt64,
  hi         UInt64,
  records    UInt64,
  accepted   UInt64,
  duplicates UInt64,
  dead       UInt64,
  ticks      UInt64,
  id_xor     FixedString(16),                      -- exclusive or of the accepted id_hash
  delta_rows UInt64,
  delta_n    Int64,
  delta_s    Decimal(38, 12),
  at         DateTime64(3, 'UTC')                  -- highest append time
) ENGINE = ReplacingMergeTree
ORDER BY (part, flush_no)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The highest confirmed offset of each partition: what readers may see. A late smaller one loses.
CREATE TABLE IF NOT EXISTS flush_mark (
  part UInt16,
  hi   UInt64
) ENGINE = ReplacingMergeTree(hi) ORDER BY part
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS seal_mark (
  seal_no   UInt64,
  upto      DateTime('UTC'),
  cut       Array(UInt64),
  sealed_at DateTime('UTC')
) ENGINE = ReplacingMergeTree ORDER BY seal_no
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

INSERT INTO seal_mark SELECT 0, toDateTime('2000-01-01 00:00:00', 'UTC'), [], toDateTime('2000-01-01 00:00:00', 'UTC');

-- The meters by name, for the views; PostgreSQL holds the truth.
CREATE TABLE IF NOT EXISTS meter_info (
  meter       UInt32,
  tenant      LowCardinality(String),
  slug        LowCardinality(String),
  aggregation LowCardinality(String),
  dimensions  Array(String),
  serving     UInt8,                               -- 1 = the revision that answers queries
  ver         UInt64
) ENGINE = ReplacingMergeTree(ver) ORDER BY meter
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The rows of each table, for the views below. ClickHouse fixes which rows of a table a query sees before it computes the scalars of that query, such
-- as the marks; of a view in its place it does so after them. Read directly, a table could be older than the marks: a seal between the two
-- took its rows from the deltas without appearing in the windows, and the usage was missing from that one answer.
CREATE OR REPLACE VIEW usage_raw_rows AS SELECT * FROM usage_raw FINAL;
CREATE OR REPLACE VIEW usage_delta_rows AS SELECT * FROM usage_delta FINAL;
CREATE OR REPLACE VIEW usage_window_rows AS SELECT * FROM usage_window FINAL;
CREATE OR REPLACE VIEW dead_letter_rows AS SELECT * FROM dead_letter FINAL;

-- Sealed windows plus the deltas no seal has folded yet. Everything follows from the flush marks, which are read once per query, before the
-- rows: the seal is the newest whose cut they have reached, because a seal may be done before the mark of a flush it folded.
CREATE OR REPLACE VIEW usage_values AS
WITH
  (SELECT groupArray(hi) FROM (SELECT part, hi FROM flush_mark FINAL ORDER BY part)) AS fm,
  (SELECT (seal_no, upto, cut) FROM seal_mark WHERE NOT arrayExists((c, i) -> c > fm[i], cut, arrayEnumerate(cut)) ORDER BY seal_no DESC LIMIT 1) AS sm
SELECT tenant, meter, subject, minute, grp, v, vt, vid, kind, seal_no, s, n
FROM usage_window_rows
WHERE seal_no <= sm.1
UNION ALL
SELECT tenant, meter, subject, minute, grp, v, vt, vid, kind, 0::UInt64 AS seal_no, s, n
FROM usage_delta_rows
WHERE hi <= fm[part + 1] AND (hi > sm.3[part + 1] OR minute >= sm.2);

-- Every record about events: the events, their voids and amendments.
CREATE OR REPLACE VIEW usage_event_history AS
WITH (SELECT groupArray(hi) FROM (SELECT part, hi FROM flush_mark FINAL ORDER BY part)) AS fm
SELECT tenant, source, id, kind, type, subject, time, data, attributes, at AS ingested_at, reason, problem, rounded,
  if(kind = 'use', id_hash, target_hash) AS event_hash, part, off
FROM usage_raw_rows
WHERE off <= fm[part + 1];

-- The events as they count: without the voided ones, amended ones in their last version. A correction belongs to the event it found
-- (target_off), or to the one it waited for (born_void): an id may be used again after the horizon.
CREATE OR REPLACE VIEW usage_events AS
WITH (SELECT groupArray(hi) FROM (SELECT part, hi FROM flush_mark FINAL ORDER BY part)) AS fm,
corrections AS (
  SELECT target_hash, target_off, maxIf(off, kind = 'amend') AS amendment, countIf(kind = 'void') AS voids
  FROM usage_raw_rows WHERE kind != 'use' AND off <= fm[part + 1] GROUP BY target_hash, target_off),
corrected AS (
  SELECT e.id_hash AS id_hash, e.off AS off, max(c.amendment) AS amendment, sum(c.voids) AS voids
  FROM (
    SELECT id_hash, off, born_void FROM usage_raw_rows
    WHERE kind = 'use' AND off <= fm[part + 1] AND id_hash IN (SELECT target_hash FROM corrections)) AS e
  JOIN corrections AS c ON c.target_hash = e.id_hash
  WHERE c.target_off = e.off OR (e.born_void = 1 AND c.target_off = 0)
  GROUP BY e.id_hash, e.off)
SELECT tenant, source, id, type, subject, time, data, attributes, at AS ingested_at, problem, rounded, kind = 'amend' AS amended,
  if(kind = 'use', id_hash, target_hash) AS event_hash, part, off
FROM usage_raw_rows
WHERE off <= fm[part + 1]
  AND ((kind = 'use' AND (id_hash, off) NOT IN (SELECT id_hash, off FROM corrected))
    OR (kind = 'amend' AND (target_hash, off) IN (SELECT id_hash, amendment FROM corrected WHERE voids = 0)));

CREATE OR REPLACE VIEW usage_by_minute AS
SELECT u.tenant AS tenant, m.slug AS meter, u.subject AS subject, u.minute AS minute, mapFromArrays(m.dimensions, u.grp) AS dimensions,
  m.aggregation AS aggregation,
  multiIf(m.aggregation = 'SUM', sum(u.ps), m.aggregation = 'COUNT', toDecimal128(sum(u.pn), 12),
    m.aggregation = 'AVG', toDecimal128(sum(u.ps) / sum(u.pn), 12), m.aggregation = 'MIN', minIf(u.v, u.pn > 0),
    m.aggregation = 'MAX', maxIf(u.v, u.pn > 0), m.aggregation = 'LATEST', argMaxIf(u.v, (u.vt, u.vid), u.pn > 0),
    toDecimal128(countIf(u.pn > 0), 12)) AS value,
  sum(u.ps) AS total, sum(u.pn) AS events
FROM (
  SELECT tenant, meter, subject, minute, grp, v, vt, vid, sum(s) AS ps, sum(n) AS pn
  FROM usage_values GROUP BY tenant, meter, subject, minute, grp, v, vt, vid) AS u
JOIN (SELECT meter, slug, aggregation, dimensions FROM meter_info FINAL WHERE serving = 1) AS m ON m.meter = u.meter
GROUP BY u.tenant, m.slug, u.subject, u.minute, u.grp, m.dimensions, m.aggregation
HAVING sum(u.pn) > 0;

CREATE OR REPLACE VIEW usage_by_hour AS
SELECT u.tenant AS tenant, m.slug AS meter, u.subject AS subject, u.start AS hour, mapFromArrays(m.dimensions, u.grp) AS dimensions,
  m.aggregation AS aggregation,
  multiIf(m.aggregation = 'SUM', sum(u.ps), m.aggregation = 'COUNT', toDecimal128(sum(u.pn), 12),
    m.aggregation = 'AVG', toDecimal128(sum(u.ps) / sum(u.pn), 12), m.aggregation = 'MIN', minIf(u.v, u.pn > 0),
    m.aggregation = 'MAX', maxIf(u.v, u.pn > 0), m.aggregation = 'LATEST', argMaxIf(u.v, (u.vt, u.vid), u.pn > 0),
    toDecimal128(countIf(u.pn > 0), 12)) AS value,
  sum(u.ps) AS total, sum(u.pn) AS events
FROM (
  SELECT tenant, meter, subject, toStartOfHour(minute) AS start, grp, v, vt, vid, sum(s) AS ps, sum(n) AS pn
  FROM usage_values GROUP BY tenant, meter, subject, start, grp, v, vt, vid) AS u
JOIN (SELECT meter, slug, aggregation, dimensions FROM meter_info FINAL WHERE serving = 1) AS m ON m.meter = u.meter
GROUP BY u.tenant, m.slug, u.subject, u.start, u.grp, m.dimensions, m.aggregation
HAVING sum(u.pn) > 0;

CREATE OR REPLACE VIEW usage_by_day AS
SELECT u.tenant AS tenant, m.slug AS meter, u.subject AS subject, u.start AS day, mapFromArrays(m.dimensions, u.grp) AS dimensions,
  m.aggregation AS aggregation,
  multiIf(m.aggregation = 'SUM', sum(u.ps), m.aggregation = 'COUNT', toDecimal128(sum(u.pn), 12),
    m.aggregation = 'AVG', toDecimal128(sum(u.ps) / sum(u.pn), 12), m.aggregation = 'MIN', minIf(u.v, u.pn > 0),
    m.aggregation = 'MAX', maxIf(u.v, u.pn > 0), m.aggregation = 'LATEST', argMaxIf(u.v, (u.vt, u.vid), u.pn > 0),
    toDecimal128(countIf(u.pn > 0), 12)) AS value,
  sum(u.ps) AS total, sum(u.pn) AS events
FROM (
  SELECT tenant, meter, subject, toDate(minute) AS start, grp, v, vt, vid, sum(s) AS ps, sum(n) AS pn
  FROM usage_values GROUP BY tenant, meter, subject, start, grp, v, vt, vid) AS u
JOIN (SELECT meter, slug, aggregation, dimensions FROM meter_info FINAL WHERE serving = 1) AS m ON m.meter = u.meter
GROUP BY u.tenant, m.slug, u.subject, u.start, u.grp, m.dimensions, m.aggregation
HAVING sum(u.pn) > 0;

-- What changed in a minute after it was sealed, and why.
CREATE OR REPLACE VIEW usage_corrections AS
SELECT w.tenant AS tenant, m.slug AS meter, w.subject AS subject, w.minute AS minute, mapFromArrays(m.dimensions, w.grp) AS dimensions,
  if(w.kind = 'use', 'late', toString(w.kind)) AS why, w.seal_no AS seal_no, w.sealed_at AS sealed_at, f.first_seal AS first_seal,
  w.v AS point, w.s AS total, w.n AS events
FROM (SELECT *, 1 AS one FROM usage_window_rows WHERE seal_no <= (SELECT max(seal_no) FROM seal_mark)) AS w
ASOF JOIN (SELECT 1 AS one, upto, min(seal_no) AS first_seal FROM seal_mark FINAL WHERE seal_no > 0 GROUP BY upto) AS f
  ON f.one = w.one AND w.minute < f.upto
JOIN (SELECT meter, slug, dimensions FROM meter_info FINAL WHERE serving = 1) AS m ON m.meter = w.meter
WHERE w.seal_no > f.first_seal;

-- Everything that was not counted, and events that a meter could not use; both keep their bytes.
CREATE OR REPLACE VIEW dead_letters AS
WITH (SELECT groupArray(hi) FROM (SELECT part, hi FROM flush_mark FINAL ORDER BY part)) AS fm
SELECT d.tenant AS tenant, d.source AS source, d.id AS id, d.code AS code, d.message AS message, d.at AS at, d.raw AS raw, d.part AS part, d.off AS off,
  r.off > 0 AS replayed, r.replayed_at AS replayed_at
FROM (
  SELECT tenant, source, id, code, message, at, raw, part, off FROM dead_letter_rows WHERE off <= fm[part + 1]
  UNION ALL
  SELECT tenant, source, id, 'unusable_value' AS code, problem AS message, at, data AS raw, part, off FROM usage_raw_rows
  WHERE off <= fm[part + 1] AND problem != '') AS d
LEFT JOIN (SELECT part, off, replayed_at FROM dead_letter_replay FINAL) AS r ON r.part = d.part AND r.off = d.off;
