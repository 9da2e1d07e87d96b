-- How many requests of each of the chosen were for unpopular pages: those that had
-- been asked for fewer than four times, this time included, where all that came
-- before counts half after each of the times in `halvings`.
WITH
$seen,
$chosen,
asked AS
(
    SELECT
        page,
        transform(roundDown(millis, {halvings:Array(Int64)}), {halvings:Array(Int64)},
            range(length({halvings:Array(Int64)})), 0) AS age,
        count() AS asks,
        groupArraySorted(3)((at, $asker)) AS earliest
    FROM seen
    GROUP BY page, age
),
-- Age by age: how often it had been asked for before, and who came before the fourth.
unpopular AS
(
    SELECT arrayJoin(arrayFold(
        (known, next) -> (
            next.1,
            toUInt64(least(bitShiftRight(known.2, least(next.1 - known.1, 8)) + next.2, 255)),
            arrayConcat(
                known.3,
                arraySlice(next.3, 1, greatest(
                    3 - toInt64(bitShiftRight(known.2, least(next.1 - known.1, 8))), 0)))
        ),
        arraySort(groupArray((age, asks, earliest))),
        (toUInt64(0), toUInt64(0), CAST([], 'Array(Tuple(Tuple(Int64, UInt64, UInt64), String))'))
    ).3) AS request
    FROM asked
    GROUP BY page
)
SELECT request.2 AS key, count() AS times
FROM unpopular
WHERE key GLOBAL IN (chosen)
GROUP BY key
