-- What a pass over a log makes of its lines, as further parts of a WITH: `seen` has
-- every request of the window once, with what it caused at the origin.
lines AS
(
    SELECT *, toUnixTimestamp64Milli(time) AS millis, (millis, load, line) AS at
    FROM tidegate_requests
    WHERE site = {site:String}
        AND time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
),
-- Requests that a shield POP's cache answered: the origin was not asked.
spared AS
(
    SELECT request_id
    FROM lines
    WHERE on_shield AND cache = 'hit' AND request_id IS NOT NULL
),
-- What the log says of the cache; where it does not, what is known without others.
told AS
(
    SELECT *, multiIf(
        refused, 'miss',
        cache IS NOT NULL, toString(assumeNotNull(cache)),
        format = 'combined' AND pop IS NULL, 'miss',
        cache_class = 'never' OR ifNull(status, 0) >= 400, 'pass',
        'modelled') AS state
    FROM lines
    WHERE NOT on_shield
),
-- Where nothing is known: a page is missed when it is first asked for at its POP,
-- and again when the copy that was made then is older than its class allows.
missed AS
(
    SELECT arrayJoin(if(
        any(cache_class) = 'long',
        [min(at)],
        arrayFold(
            (known, next) -> if(
                next.1 >= known.1, (next.1 + 60000, arrayPushBack(known.2, next)), known),
            arraySort(groupArrayIf(at, cache_class != 'long')),
            (toInt64(0), CAST([], 'Array(Tuple(Int64, UInt64, UInt64))'))
        ).2)) AS request
    FROM told
    WHERE state = 'modelled'
    GROUP BY pop, host, path, query
),
seen AS
(
    SELECT
        * EXCEPT (units),
        multiIf(
            state = 'pass', true,
            state = 'miss', NOT ifNull(request_id GLOBAL IN (spared), false),
            state = 'modelled', at GLOBAL IN (missed),
            false) AS reached,
        if(reached, units, 0) AS units
    FROM told
)
