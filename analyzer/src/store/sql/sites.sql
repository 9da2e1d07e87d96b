-- What is stored of each site, for whoever asked for nothing that is.
SELECT
    site,
    min(first_time) AS first,
    max(last_time) AS last
FROM tidegate_loads
GROUP BY site
HAVING first IS NOT NULL
ORDER BY site
