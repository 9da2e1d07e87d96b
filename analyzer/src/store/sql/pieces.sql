-- Of the pieces that reach into a window: how many of their lines are no requests, and
-- by which rules they were stored. A piece without any request has no time; it counts
-- where the window has no bounds.
SELECT sum(bad) AS bad, groupUniqArray(rules) AS rules
FROM
(
    SELECT
        argMin(bad, load) AS bad,
        argMin(rules, load) AS rules,
        argMin(first_time, load) AS first,
        argMin(last_time, load) AS last
    FROM tidegate_loads
    WHERE site = {site:String}
    GROUP BY content
)
WHERE if(first IS NULL, {whole:Bool},
    toUnixTimestamp64Milli(assumeNotNull(first)) < {until:Int64}
    AND toUnixTimestamp64Milli(assumeNotNull(last)) >= {from:Int64})
