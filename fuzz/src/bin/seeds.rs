//! Writes the inputs from which fuzzing starts: the cases of tests/conformance and generated logs. `seeds FOLDER`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use arrow_array::cast::AsArray;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
// What the coverage counters call lies there.
use libfuzzer_sys as _;
use logcore::contract::Contract;
use logcore::generate::{Generator, Options, users};
use logcore_fuzz::input::{NARROW, SEPARATOR};
use serde_json::Value;

const CASES: &str = include_str!("../../../tests/conformance/verdicts.jsonl");
/// The longest case is a log of a mebibyte, which would slow every run down; narrow limits stand in for it.
const LONGEST: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("usage: seeds FOLDER")?);
    fs::create_dir_all(&folder)?;
    let good = case(CASES.lines().next().unwrap_or_default())?;
    for (place, line) in CASES.lines().enumerate() {
        let log = case(line)?;
        if log.len() <= LONGEST {
            // Behind a good log of the usual layout, and before it.
            write(&folder, &format!("case-{place}"), &[&good, &log, &good], &[])?;
            write(&folder, &format!("narrow-{place}"), &[&log, &good], &[NARROW])?;
        }
    }
    let contract = Arc::new(Contract::server_logs()?);
    let known = users(&contract, 1, 1_000)?;
    for (bad_rate, name) in [(None, "natural"), (Some(0.5), "half-bad"), (Some(1.0), "bad")] {
        let mut generator = Generator::new(&contract, Some(&known), &Options { bad_rate, ..Options::default() })?;
        for count in [1, 2, 8, 70] {
            let batch = generator.batch(count)?;
            let logs: Vec<&[u8]> = batch.column(0).as_string::<i32>().iter().flatten().map(str::as_bytes).collect();
            write(&folder, &format!("{name}-{count}"), &logs, &[])?;
        }
    }
    Ok(())
}

/// The log of a case; empty where it is of another kind than text or bytes.
fn case(line: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let case: Value = serde_json::from_str(line)?;
    Ok(match (case.get("value").and_then(Value::as_str), case.get("value_b64").and_then(Value::as_str)) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(base64)) => STANDARD.decode(base64)?,
        (None, None) => Vec::new(),
    })
}

fn write(folder: &Path, name: &str, logs: &[&[u8]], before: &[u8]) -> Result<(), Box<dyn Error>> {
    fs::write(folder.join(name), [before, &logs.join(&SEPARATOR[..])].concat())?;
    Ok(())
}
