-- How the origin was: of each minute of which answers are known, whether it hurt, and
-- of each route how many answers took how long while it did not.
WITH
$seen,
answered AS
(
    SELECT
        *,
        assumeNotNull(origin_ms) AS took_ms,
        intDiv(millis, {half_ms:Int64}) AS half,
        ifNull(intDiv(status, 100) = 5, false)
            OR took_ms > greatest(units * {slow:UInt64}, {slow_ms:UInt64}) AS bad
    FROM seen
    WHERE reached AND origin_ms IS NOT NULL
),
-- Each half of a period as the one before the next.
last AS
(
    SELECT half + 1 AS half, count() AS answers, countIf(bad) AS bad
    FROM answered
    GROUP BY half
),
-- What each answer makes of the origin: it hurts, or does not, or stays as it was.
turned AS
(
    SELECT
        answered.at AS at, millis, route, status, units, took_ms,
        count() OVER within + last.answers AS all_answers,
        countIf(answered.bad) OVER within + last.bad AS all_bad,
        multiIf(
            all_answers < {answers:UInt64} OR all_bad * 200 <= all_answers * {percent:UInt64}, 0,
            all_bad * 100 > all_answers * {percent:UInt64}, 1,
            NULL) AS turn
    FROM answered
    LEFT JOIN last ON last.half = answered.half
    WINDOW within AS (
        PARTITION BY answered.half ORDER BY answered.at
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
judged AS
(
    SELECT
        *,
        ifNull(anyLast(turn) OVER (
            ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), 0) AS hurts,
        hurts = 0 AND units > 0 AND ifNull(status < 400 AND status != 304, false) AS counts,
        intDiv(millis, 60000) AS minute,
        ifNull(toString(route), '') AS name,
        roundDown(took_ms, {told_apart:Array(UInt32)}) AS took
    FROM turned
)
SELECT
    minute, name, took,
    max(hurts) AS hurt,
    countIf(counts) AS answers,
    sumIf(took_ms, counts) AS sum_ms
FROM judged
GROUP BY GROUPING SETS ((minute), (name, took))
HAVING minute > 0 OR (name != '' AND answers > 0)
ORDER BY minute, name, took
