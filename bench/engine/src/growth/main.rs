//! Prints how the cost grows; of few sizes, where it is asked to be quick.

fn main() {
    let is_quick = std::env::args().nth(1).as_deref() == Some("quick");
    tidegate_bench_engine::growth::measure(is_quick, |(name, figure)| println!("{name} {figure}"));
}
