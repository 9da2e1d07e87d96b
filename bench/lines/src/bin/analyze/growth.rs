//! How what a line costs grows: with lines, with clients, with processors.

use std::fs::{File, remove_file};
use std::io::BufWriter;

use anyhow::Result;
use tidegate_bench_lines::{Options, write};

use crate::Figures;
use crate::inputs::Inputs;
use crate::process::{pinned, timed};

/// One pass over a fifth of the lines; over as many lines by few clients and by
/// many; and over all of them, compressed, with one processor and with two: once.
pub(crate) fn growth(inputs: &Inputs, lines: u64, figures: &mut Figures) -> Result<()> {
    let fifth = lines / 5;
    let mut add =
        |name: String, took| figures.entry(format!("growth/{name}")).or_default().push(took);
    let part = inputs.first("fastly", fifth)?;
    add("lines/fifth".to_owned(), timed(inputs.analyze(None), Some(&inputs.file(&part)), fifth)?);
    remove_file(inputs.file(&part))?;
    for each in [100, 10, 1] {
        let clients = u32::try_from(fifth / each)?.max(1);
        let file = inputs.file("clients");
        let options = Options { lines: fifth, clients, visit: 1, ..Options::default() };
        write(&options, &mut BufWriter::new(File::create(&file)?))?;
        add(format!("clients/{each}-lines-each"), timed(inputs.analyze(None), Some(&file), fifth)?);
        remove_file(file)?;
    }
    for (cores, processors) in [("1", "0"), ("2", "0,1")] {
        let command = pinned(&inputs.analyze(None), processors);
        let took = timed(command, Some(&inputs.file("fastly.gz")), lines)?;
        add(format!("cores/{cores}/fastly.gz"), took);
    }
    Ok(())
}
