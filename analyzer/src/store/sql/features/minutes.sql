-- The site's own activity, minute by minute since the epoch.
WITH
$seen
SELECT intDiv(millis, 60000) AS minute, count() AS requests, sum(units) AS cost, countIf(asset) AS assets
FROM seen
GROUP BY minute
ORDER BY minute
