//! The statements that make the tables: as people read them, and as the engine
//! does. Those for a cluster are parsed only.

use tidegate::store::{Layout, told};

use crate::engine::{Engine, log};

fn layouts() -> [(&'static str, Layout); 2] {
    [("server", None), ("cluster", Some("night".to_owned()))]
        .map(|(name, cluster)| (name, Layout { cluster }))
}

#[test]
fn the_engine_understands_every_statement() {
    let engine = Engine::new();
    for (name, layout) in layouts() {
        let told = told(&layout, "logs");
        for statement in told.split(';').map(str::trim).filter(|sql| !sql.is_empty()) {
            engine.ask(&format!("EXPLAIN AST {statement}"));
        }
        insta::assert_snapshot!(name, told);
    }
}

#[test]
fn lines_go_when_their_time_is_over() {
    let engine = Engine::new();
    engine.put("access.log", log(1..=10));
    let kept = || {
        engine.ask(
            "SELECT engine_full LIKE '%TTL toDateTime(time) + toIntervalDay(30)%' \
                              FROM system.tables WHERE name = 'tidegate_lines'",
        )
    };
    engine.stored(&["access.log"]);
    assert_eq!(kept(), "0");
    engine.stored(&["--keep-days", "30", "access.log"]);
    assert_eq!(kept(), "1");
    engine.ask("OPTIMIZE TABLE tidegate_lines FINAL");
    assert_eq!(engine.requests(), "0\t0\t0", "its lines are older");
    engine.stored(&["--keep-days", "30", "access.log"]);
    assert_eq!(engine.requests(), "0\t0\t0", "and are not stored again");
}
