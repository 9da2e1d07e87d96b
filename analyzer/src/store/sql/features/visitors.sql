-- The visitors of those clients that are worth to be looked at and have several, as a
-- further part of a WITH; see `chosen.sql`.
chosen AS
(
    SELECT $key AS key
    FROM seen
    WHERE key != '' AND client GLOBAL IN (
        SELECT client
        FROM seen
        WHERE client != ''
        GROUP BY client
        HAVING uniqExact(visitor) > 1 AND ($worth)
        ORDER BY sum(units) DESC, count() DESC, client
        LIMIT {most:UInt64}
    )
    GROUP BY key
    ORDER BY sum(units) DESC, count() DESC, key
    LIMIT {most:UInt64}
)
