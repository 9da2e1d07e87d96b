-- Every line of every log that is a request, once for each time it was sent.
CREATE TABLE IF NOT EXISTS tidegate_lines$local $on_cluster
(
    load UInt64 CODEC(ZSTD(1)),
    line UInt64 CODEC(T64, ZSTD(1)),
    time DateTime64(3, 'UTC') CODEC(T64, ZSTD(1)),
    site LowCardinality(String) CODEC(ZSTD(1)),
    format LowCardinality(String) CODEC(ZSTD(1)),
    client String CODEC(ZSTD(3)),
    network String CODEC(ZSTD(3)),
    address Nullable(IPv6) CODEC(ZSTD(1)),
    method LowCardinality(String) CODEC(ZSTD(1)),
    host LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    path String CODEC(ZSTD(1)),
    query Nullable(String) CODEC(ZSTD(1)),
    user_agent LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    referer Nullable(String) CODEC(ZSTD(1)),
    fingerprint Nullable(UInt64) CODEC(ZSTD(1)),
    asn Nullable(UInt32) CODEC(ZSTD(1)),
    country LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    pop LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    request_id Nullable(String) CODEC(ZSTD(1)),
    status Nullable(UInt16) CODEC(ZSTD(1)),
    cache LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    origin_ms Nullable(UInt32) CODEC(ZSTD(1)),
    bytes Nullable(UInt64) CODEC(T64, ZSTD(1)),
    on_shield Bool CODEC(ZSTD(1)),
    refused Bool CODEC(ZSTD(1)),
    vouched LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    signer LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    signed LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    sampled UInt8 CODEC(ZSTD(1)),
    route LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    units UInt32 CODEC(ZSTD(1)),
    cache_class LowCardinality(String) CODEC(ZSTD(1)),
    asset Bool CODEC(ZSTD(1)),
    page UInt64 CODEC(ZSTD(1)),
    referer_page Nullable(UInt64) CODEC(ZSTD(1)),
    crate Nullable(String) CODEC(ZSTD(1)),
    visitor Nullable(UInt128) CODEC(ZSTD(1)),
    agent LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    category LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    verification LowCardinality(Nullable(String)) CODEC(ZSTD(1))
)
ENGINE = $lines_engine
PARTITION BY toDate(time)
ORDER BY (site, client, time, load, line);

-- What of which log is stored: of each content the first load counts.
CREATE TABLE IF NOT EXISTS tidegate_loads $on_cluster
(
    site LowCardinality(String),
    content UInt128,
    first_line UInt64,
    last_line UInt64,
    load UInt64,
    lines UInt64,
    bad UInt64,
    requests UInt64,
    first_time Nullable(DateTime64(3, 'UTC')),
    last_time Nullable(DateTime64(3, 'UTC')),
    log String,
    rules LowCardinality(String)
)
ENGINE = $loads_engine
ORDER BY (site, content, load);

-- What questions are asked of: every line once.
CREATE VIEW IF NOT EXISTS tidegate_requests $on_cluster AS
SELECT *
FROM tidegate_lines
WHERE load GLOBAL IN (SELECT min(load) FROM tidegate_loads GROUP BY site, content);
