CREATE TABLE IF NOT EXISTS tidegate_migrations $on_cluster
(
    version UInt32,
    name String,
    cluster String,
    made DateTime('UTC') DEFAULT now()
)
ENGINE = $loads_engine
ORDER BY version
