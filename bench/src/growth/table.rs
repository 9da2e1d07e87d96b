//! The kept figures as a table of Markdown.

use std::fmt::Write as _;

use serde_json::Value;
use tidegate_bench_engine::growth::{KEYS, NETWORKS, RULES};
use tidegate_rules::pack::ENTRY_BOUND;

use crate::cost::median;

/// The table: instructions of a decision and of a decoded pack, what of a Config
/// Store the packs take, and CPU time through the module.
pub(super) fn table(run: &Value) -> String {
    let mut text = String::from(
        "| rules | networks | entries | decode | a decision, 1 key | 10⁴ keys | 10⁶ keys | \
         CPU µs, 1 key | 10⁴ keys |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for rules in RULES {
        for networks in NETWORKS {
            let size = format!("{rules}-rules/{networks}-networks");
            let counted = |name: &str| run["counted"][name].as_f64().unwrap_or_default();
            let entries = counted(&format!("entries/{size}"));
            let fits = if entries > ENTRY_BOUND as f64 { " (too many)" } else { "" };
            let decode = counted(&format!("decode/{size}"));
            let [decode, rules, networks] = [decode, rules as f64, networks as f64].map(grouped);
            let _ = write!(text, "| {rules} | {networks} | {entries}{fits} | {decode} |");
            for keys in KEYS {
                let decide = counted(&format!("decide/{size}/{keys}-keys"));
                let _ = write!(text, " {} |", grouped(decide));
            }
            for keys in &KEYS[..2] {
                let turns = run["through"][&format!("{size}/{keys}-keys")].as_array();
                let turns = turns.into_iter().flatten().filter_map(Value::as_f64);
                let _ = match median(turns) {
                    0.0 => write!(text, " |"),
                    cpu_us => write!(text, " {cpu_us:.0} |"),
                };
            }
            text.push('\n');
        }
    }
    text
}

/// A count with commas, as `1,116,652`.
fn grouped(count: f64) -> String {
    let digits = format!("{count:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_come_in_threes() {
        let told = [0.0, 999.0, 1_000.0, 35_659.76, 1_116_652.0].map(grouped);
        assert_eq!(told, ["0", "999", "1,000", "35,660", "1,116,652"]);
    }
}
