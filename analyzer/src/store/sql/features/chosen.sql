-- Who is worth to be looked at, of one kind, as a further part of a WITH: whoever did
-- most harm, of those who asked for more than somebody who is nobody.
chosen AS
(
    SELECT $key AS key
    FROM seen
    WHERE key != ''
    GROUP BY key
    HAVING $worth
    ORDER BY sum(units) DESC, count() DESC, key
    LIMIT {most:UInt64}
)
