-- How many lines of a site each day of a window has.
SELECT intDiv(toUnixTimestamp64Milli(time), 86400000) AS day, count() AS lines
FROM tidegate_requests
WHERE site = {site:String}
    AND time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
GROUP BY day
ORDER BY day
