//! The store's tables, made and changed by numbered migrations.
//!
//! A migration that has been released never changes: stores were made by it. What
//! is to be different is a further one.

/// The table that says which migrations were made.
pub(super) const MIGRATIONS_TABLE: &str = "tidegate_migrations";

/// One step from one schema to the next.
struct Migration {
    name: &'static str,
    /// Statements for any server.
    sql: &'static str,
    /// Further ones for a cluster, behind the first of the others.
    distributed: &'static str,
}

/// All of them; each one's number is its place, counted from one.
const MIGRATIONS: [Migration; 1] = [Migration {
    name: "lines-and-loads",
    sql: include_str!("sql/0001-lines-and-loads.sql"),
    distributed: include_str!("sql/0001-distributed.sql"),
}];

/// The schema that this version knows.
#[expect(clippy::cast_possible_truncation, reason = "there are few of them")]
pub(super) const VERSION: u32 = MIGRATIONS.len() as u32;

/// A migration for one layout.
pub(super) struct Step {
    pub(super) version: u32,
    pub(super) name: &'static str,
    pub(super) statements: Vec<String>,
}

/// How the tables are laid out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The cluster that they are spread over; `None` for one server.
    pub cluster: Option<String>,
}

/// A name of a cluster as somebody typed it.
///
/// # Errors
///
/// Where it is none, in words for behind the argument's name.
pub fn cluster(name: &str) -> Result<String, String> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !name.is_empty() && name.bytes().all(is_name) {
        true => Ok(name.to_owned()),
        false => Err("a cluster's name has letters, digits, `_` and `-` only".to_owned()),
    }
}

impl Layout {
    /// How the store remembers it.
    pub(super) fn name(&self) -> &str {
        self.cluster.as_deref().unwrap_or_default()
    }

    /// The table of migrations, in a database.
    pub(super) fn ground(&self, database: &str) -> String {
        self.filled(database, include_str!("sql/0000-migrations.sql").trim_end())
    }

    /// What leads from the schema `from` to this version's.
    pub(super) fn migrations(&self, database: &str, from: u32) -> Vec<Step> {
        let numbered = (1..).zip(&MIGRATIONS).filter(|(version, _)| *version > from);
        let step = |(version, migration): (u32, &Migration)| {
            let mut statements = parts(migration.sql);
            if self.cluster.is_some() {
                statements.splice(1..1, parts(migration.distributed));
            }
            let filled = statements.into_iter().map(|sql| self.filled(database, sql));
            Step { version, name: migration.name, statements: filled.collect() }
        };
        numbered.map(step).collect()
    }

    /// What has lines deleted so many days after their requests.
    pub(super) fn keep(&self, database: &str, days: u32) -> String {
        let sql = "ALTER TABLE tidegate_lines$local $on_cluster\n\
                   MODIFY TTL toDateTime(time) + toIntervalDay($days)";
        self.filled(database, &sql.replace("$days", &days.to_string()))
    }

    /// A statement for this layout.
    fn filled(&self, database: &str, sql: &str) -> String {
        let Some(cluster) = &self.cluster else {
            let plain = ["$lines_engine", "$loads_engine"];
            let plain =
                plain.iter().fold(sql.to_owned(), |sql, engine| sql.replace(engine, "MergeTree"));
            return plain.replace("$local", "").replace(" $on_cluster", "");
        };
        // The lines are spread over the shards. What is stored is known on all of them,
        // so that each shard can tell which of its lines count.
        let filled = [
            (
                "$lines_engine",
                "ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')",
            ),
            (
                "$loads_engine",
                "ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', \
                 '{shard}-{replica}')",
            ),
            ("$local", "_local"),
            ("$on_cluster", &format!("ON CLUSTER `{cluster}`")),
            ("$cluster", &format!("`{cluster}`")),
            ("$database", database),
        ];
        filled.iter().fold(sql.to_owned(), |sql, (place, text)| sql.replace(place, text))
    }
}

/// The statements of a file.
fn parts(sql: &'static str) -> Vec<&'static str> {
    sql.split(';').map(str::trim).filter(|statement| !statement.is_empty()).collect()
}

/// Every statement for a layout, lines kept for 400 days, for people to read.
#[must_use]
pub fn told(layout: &Layout, database: &str) -> String {
    let mut statements = vec![layout.ground(database)];
    statements.extend(layout.migrations(database, 0).into_iter().flat_map(|step| step.statements));
    statements.push(layout.keep(database, 400));
    statements.iter().map(|statement| format!("{statement};\n")).collect::<Vec<_>>().join("\n")
}
