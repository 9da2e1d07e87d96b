-- A site's requests of a part of a day, in the order in which they came, from behind
-- a given one on.
SELECT
    load, line, time, format, client, network, address, method, host, path, query,
    user_agent, referer, fingerprint, asn, country, pop, request_id, status, cache,
    origin_ms, on_shield, refused, vouched, signer, signed, verification
FROM tidegate_requests
WHERE site = {site:String}
    AND time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    AND (time, load, line)
        > (fromUnixTimestamp64Milli({time:Int64}, 'UTC'), {load:UInt64}, {line:UInt64})
ORDER BY time, load, line
