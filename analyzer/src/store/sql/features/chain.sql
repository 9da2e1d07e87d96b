-- How many requests of each of the chosen have a referer that is a page which the
-- same one had asked for before.
WITH
$seen,
$chosen
SELECT key, sum(chained) AS times
FROM
(
    SELECT
        $key AS key,
        asked.1 AS hash,
        minIf(at, asked.2) AS first,
        arrayCount(referred -> referred > first, groupArrayIf(at, NOT asked.2)) AS chained
    FROM seen
    ARRAY JOIN [(toNullable(page), true), (referer_page, false)] AS asked
    WHERE hash IS NOT NULL AND key GLOBAL IN (chosen)
    GROUP BY key, hash
    HAVING countIf(asked.2) > 0
)
GROUP BY key
HAVING times > 0
