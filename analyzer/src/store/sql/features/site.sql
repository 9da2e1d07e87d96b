-- What the window says of itself, in one row.
WITH
$seen
SELECT
    countIf(on_shield) AS duplicates,
    countIf(NOT on_shield AND client = '') AS unknown,
    uniqExactIf(client, NOT on_shield AND client != '') AS clients,
    minIf(millis, NOT on_shield) AS first,
    maxIf(millis, NOT on_shield) AS last,
    countIf(NOT on_shield AND fingerprint IS NOT NULL) > 0 AS fingerprints,
    countIf(NOT on_shield AND origin_ms IS NOT NULL) > 0 AS durations,
    countIf(NOT on_shield AND pop IS NULL) > 0 AS without_pop,
    countIf(NOT on_shield AND NOT refused AND cache IS NULL
        AND NOT (format = 'combined' AND pop IS NULL)) > 0 AS modelled,
    countIf(NOT on_shield AND NOT refused AND cache IS NULL
        AND format = 'combined' AND pop IS NULL) > 0 AS origins_own
FROM lines
