//! Prints every figure of one measurement.

fn main() {
    for (name, nanos) in tidegate_bench_engine::measure() {
        println!("{name} {nanos}");
    }
}
