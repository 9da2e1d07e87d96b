-- How many lines of a site each day of a window has, and the passes of how many clients.
SELECT
    intDiv(toUnixTimestamp64Milli(time), 86400000) AS day,
    count() AS lines,
    min(sampled) AS sampled
FROM tidegate_requests
WHERE site = {site:String}
    AND time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
GROUP BY day
ORDER BY day
