CREATE TABLE IF NOT EXISTS tidegate_lines $on_cluster AS tidegate_lines_local
ENGINE = Distributed($cluster, $database, tidegate_lines_local, cityHash64(client))
