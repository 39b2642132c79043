//! Rust's JSON decoders on the logs that logcore judges: `rivals LOGS USERS ROUNDS` prints seconds and counts as JSON.
//!
//! LOGS has one log a line, USERS one `account_id,device` a line. Each round runs every decoder once, on one thread; one
//! round before them warms up. Reading the files and finding the lines is not timed.

mod columns;
mod decoders;
mod judge;
mod log;
mod users;

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;
use std::{env, fs};

use columns::{Columns, Status};
use serde::Serialize;
use users::Users;

/// As many logs at once as logcore gets; their columns are let go before the next.
const BATCH: usize = 10_000;

/// What one decoder came to.
#[derive(Default, Serialize)]
struct Figures {
    /// Of each round.
    seconds: Vec<f64>,
    /// Logs of each status.
    counts: BTreeMap<&'static str, usize>,
}

impl Figures {
    fn count(&mut self, columns: &Columns) {
        for status in Status::ALL {
            *self.counts.entry(status.name()).or_default() += columns.count(status);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let [logs, users, rounds] =
        env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "usage: rivals LOGS USERS ROUNDS")?;
    let text = fs::read_to_string(logs)?;
    let lines: Vec<&str> = text.lines().collect();
    let users = Users::parse(&fs::read_to_string(users)?)?;
    let rounds: usize = rounds.parse()?;
    let mut figures: BTreeMap<&str, Figures> = BTreeMap::new();
    for round in 0..=rounds {
        for (name, decode) in decoders::ALL {
            let own = figures.entry(name).or_default();
            let started = Instant::now();
            for lines in lines.chunks(BATCH) {
                let columns: Columns = black_box(decode(lines, &users));
                if round == 0 {
                    own.count(&columns);
                }
            }
            if round > 0 {
                own.seconds.push(started.elapsed().as_secs_f64());
            }
        }
    }
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}
