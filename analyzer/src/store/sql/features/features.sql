-- What each of the chosen did, but for what rests on pages that others or they
-- themselves asked for before: see `tail.sql` and `chain.sql`.
WITH
$seen,
$chosen,
-- Each request with the time and the page of the same one's last.
theirs AS
(
    SELECT
        $key AS key,
        intDiv(ifNull(status, 0), 100) AS class,
        intDiv(millis, 5000) AS half_5s,
        intDiv(millis, 30000) AS half_30s,
        intDiv(millis, 300000) AS half_300s,
        millis - lagInFrame(toNullable(millis)) OVER by_time AS pause,
        ifNull(pause <= 1800000, false) AS goes_on,
        ifNull(page = lagInFrame(toNullable(page)) OVER by_time, false) AS again,
        *
    FROM seen
    WHERE key GLOBAL IN (chosen)
    WINDOW by_time AS (
        PARTITION BY key ORDER BY millis, load, line ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
SELECT
    key,
    count() AS requests,
    sum(units) AS cost,
    countIf(reached) AS misses,
    countIf(asset) AS assets,
    countIf(referer IS NOT NULL) AS told,
    countIf(referer != '') AS referred,
    [countIf(class NOT BETWEEN 1 AND 5), countIf(class = 1), countIf(class = 2),
        countIf(class = 3), countIf(class = 4), countIf(class = 5)] AS statuses,
    countIf(status = 304) AS unchanged,
    countIf(class = 4 AND length(path) <= {longest_probe:UInt64}
        AND multiSearchAnyCaseInsensitive(path, {probes:Array(String)})) AS probed,
    uniqCombined64(12)(page) AS pages,
    uniqCombined64If(12)(assumeNotNull(crate), crate IS NOT NULL) AS crates,
    -- Of a window, the page counts in the half in which it is asked for, and the next.
    arrayMap(
        widest -> least(arrayMax(mapValues(widest)), 8192),
        [
            uniqExactMapIf(map(half_5s, page, half_5s + 1, page), units > 0),
            uniqExactMapIf(map(half_30s, page, half_30s + 1, page), units > 0),
            uniqExactMapIf(map(half_300s, page, half_300s + 1, page), units > 0)
        ]) AS widest,
    min(millis) AS first,
    max(millis) AS last,
    countIf(NOT goes_on) AS sessions,
    countIf(goes_on) AS pauses,
    sumIf(toFloat64(assumeNotNull(pause)), goes_on) AS pause_sum,
    sumIf(toFloat64(assumeNotNull(pause)) * assumeNotNull(pause), goes_on) AS pause_squares,
    sumMap([intDiv(millis, 60000)], [1], [units]) AS minutes,
    sumMap([ifNull(toString(route), '')], [units]) AS routes,
    -- The first claim that names an agent, else the last one.
    argMinIf(toString(assumeNotNull(agent)), at, agent IS NOT NULL) AS claimed,
    if(claimed != '',
        argMinIf(toString(assumeNotNull(verification)), at, agent IS NOT NULL),
        argMaxIf(toString(assumeNotNull(verification)), at, verification IS NOT NULL)) AS judged,
    countIf(fingerprint IS NOT NULL) > 0 AS fingerprinted,
    countIf(path = '/robots.txt') > 0 AS robots,
    arrayMap(sample -> sample.2,
        groupArraySortedIf(3)((at, assumeNotNull(request_id)), request_id IS NOT NULL)) AS samples,
    -- The first that came twice in a row, or the first of all.
    leftUTF8(if(countIf(again) > 0, argMinIf(path, at, again), argMin(path, at)), 80) AS example,
    argMin(visitor, at) AS first_visitor,
    uniqCombined64(12)(client) AS clients
FROM theirs
GROUP BY key
ORDER BY key
