//! Files that nobody would write, and that are TOML all the same.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Stands in every comment and nowhere else.
pub(crate) const MARK: char = '§';

fn space() -> impl Strategy<Value = String> {
    "[ \t]{0,3}"
}

fn comment() -> impl Strategy<Value = String> {
    "[ \t]{0,2}#§[ -~ü\t]{0,12}"
}

/// White space in which lines may end, with comments.
fn gap() -> impl Strategy<Value = String> {
    let line = (option::weighted(0.2, comment()), space())
        .prop_map(|(comment, space)| format!("{}\n{space}", comment.unwrap_or_default()));
    (space(), vec(line, 0..3)).prop_map(|(space, lines)| format!("{space}{}", lines.concat()))
}

/// Mostly nothing but spaces.
fn sometimes_gap() -> impl Strategy<Value = String> {
    prop_oneof![5 => space(), 1 => gap()]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9_-]{1,9}",
        1 => "\"[a-z =#\\]\\.ü]{0,5}\"",
        1 => "'[a-z =#\\]\"]{0,5}'",
    ]
}

/// A key that no other of the same table has.
fn own_key(at: usize) -> impl Strategy<Value = String> {
    (key(), space(), space(), any::<bool>()).prop_map(move |(key, before, after, dotted)| {
        if dotted { format!("k{at}{before}.{after}{key}") } else { format!("k{at}") }
    })
}

fn atom() -> impl Strategy<Value = String> {
    let known = select(vec![
        "true",
        "0",
        "-17",
        "1_000",
        "0xdead_beef",
        "1.5e3",
        "-0.0",
        "inf",
        "-nan",
        "1979-05-27",
        "1979-05-27 07:32:00Z",
        "1979-05-27T07:32:00.5",
        "07:32:00",
        "\"\"",
        "''",
        "\"\"\"\"\"\"",
        "''''''",
        "\"\"\"a \"\" b\"\"\"\"\"",
        "'''a '' b'''''",
        "\"\\\\\"",
        "'\\'",
        "\"a\\\"#b\"",
    ]);
    prop_oneof![
        3 => known.prop_map(str::to_owned),
        2 => "\"[a-z #=,\\[\\]{}'ü]{0,40}\"",
        1 => "'[a-z #=,\\[\\]{}\"\\\\]{0,10}'",
        1 => "\"\"\"[a-z #'\t\n]{0,12}\"\"\"",
        1 => "'''[a-z #\"\t\n]{0,6}x'''",
    ]
}

fn value() -> impl Strategy<Value = String> {
    atom().prop_recursive(3, 24, 8, |inner| prop_oneof![array(inner.clone()), table(inner)])
}

fn array(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let item = (sometimes_gap(), inner, sometimes_gap());
    let item = item.prop_map(|(before, value, after)| format!("{before}{value}{after}"));
    (vec(item, 0..8), any::<bool>(), sometimes_gap()).prop_map(|(items, trailing, end)| {
        let comma = if trailing && !items.is_empty() { "," } else { "" };
        format!("[{}{comma}{end}]", items.join(","))
    })
}

fn table(inner: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = String> {
    (0_usize..4, sometimes_gap()).prop_flat_map(move |(count, end)| {
        let entries: Vec<_> = (0..count)
            .map(|at| {
                let parts = (sometimes_gap(), own_key(at), space(), space(), inner.clone());
                parts.prop_map(|(gap, key, before, after, value)| {
                    format!("{gap}{key}{before}={after}{value}")
                })
            })
            .collect();
        (entries, Just(end)).prop_map(|(entries, end)| format!("{{{}{end}}}", entries.join(",")))
    })
}

/// The end of a line, and lines that say nothing.
fn end() -> impl Strategy<Value = String> {
    let empty = prop_oneof![space().boxed(), comment().boxed()];
    (space(), option::weighted(0.3, comment()), vec(empty, 0..3)).prop_map(
        |(space, comment, empty)| {
            let empty: String = empty.iter().map(|line| format!("{line}\n")).collect();
            format!("{space}{}\n{empty}", comment.unwrap_or_default())
        },
    )
}

fn line(at: usize) -> impl Strategy<Value = String> {
    let pair = (space(), own_key(at), space(), space(), value());
    let pair = pair.prop_map(|(start, key, before, after, value)| {
        format!("{start}{key}{before}={after}{value}")
    });
    let header = (space(), space(), select(vec![".a", ". b", "", ""]), any::<bool>()).prop_map(
        move |(start, inside, more, list)| {
            let (open, close) = if list { ("[[", "]]") } else { ("[", "]") };
            // No two tables have one name, but for those that are within another.
            format!("{start}{open}{inside}t{at}{more}{inside}{close}")
        },
    );
    (prop_oneof![4 => pair.boxed(), 1 => header.boxed()], end())
        .prop_map(|(line, end)| format!("{line}{end}"))
}

/// A file of rules, as far as its first line goes.
pub(crate) fn file() -> impl Strategy<Value = String> {
    let lines = (0_usize..8).prop_flat_map(|count| (0..count).map(line).collect::<Vec<_>>());
    (end(), lines, any::<bool>(), any::<bool>()).prop_map(|(end, lines, ended, windows)| {
        let text = format!("\nformat=1{end}{}", lines.concat());
        let text = if ended { &*text } else { text.trim_end_matches('\n') };
        if windows { text.replace('\n', "\r\n") } else { text.to_owned() }
    })
}
