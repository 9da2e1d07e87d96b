-- What those did together who share one software in one place.
WITH
$seen,
$chosen
SELECT
    $key AS key,
    count() AS requests,
    sum(units) AS cost,
    countIf(asset) AS assets,
    countIf(referer IS NOT NULL) AS told,
    countIf(referer != '') AS referred,
    uniqCombined64If(12)(page, NOT asset) AS pages,
    uniqCombined64(12)(client) AS clients,
    uniqCombined64(12)(network) AS networks,
    ifNull(toString(argMin(user_agent, at)), '') AS name,
    -- The first claim of all.
    argMinIf(ifNull(toString(agent), ''), at, verification IS NOT NULL) AS claimed,
    argMinIf(toString(assumeNotNull(verification)), at, verification IS NOT NULL) AS judged,
    sumMap([intDiv(millis, 60000)], [1], [units], [toUInt64(asset)]) AS minutes,
    sumMap([ifNull(toString(route), '')], [units]) AS routes,
    arrayMap(sample -> sample.2,
        groupArraySortedIf(5)((at, assumeNotNull(request_id)), request_id IS NOT NULL)) AS samples
FROM seen
WHERE key GLOBAL IN (chosen)
GROUP BY key
ORDER BY key
