//! One decoder a function: lines in, columns out.

use crate::columns::Columns;
use crate::judge::{judge, refuse};
use crate::log::Log;
use crate::users::Users;

/// A decoder that judges every line.
type Decode = fn(&[&str], &Users) -> Columns;

/// Under the names of their packages.
pub(crate) const ALL: [(&str, Decode); 3] =
    [("serde_json", with_serde_json), ("simd-json", with_simd_json), ("sonic-rs", with_sonic_rs)];

fn with_serde_json(lines: &[&str], users: &Users) -> Columns {
    let mut columns = Columns::default();
    for line in lines {
        match serde_json::from_str::<Log<'_>>(line) {
            Ok(log) => judge(&log, users, &mut columns),
            Err(_) => refuse(&mut columns),
        }
    }
    columns
}

/// It unescapes in place, so that each line is copied first; its buffers are used again.
fn with_simd_json(lines: &[&str], users: &Users) -> Columns {
    let mut columns = Columns::default();
    let mut buffers = simd_json::Buffers::default();
    let mut copy = Vec::new();
    for line in lines {
        copy.clear();
        copy.extend_from_slice(line.as_bytes());
        match simd_json::serde::from_slice_with_buffers::<Log<'_>>(&mut copy, &mut buffers) {
            Ok(log) => judge(&log, users, &mut columns),
            Err(_) => refuse(&mut columns),
        }
    }
    columns
}

fn with_sonic_rs(lines: &[&str], users: &Users) -> Columns {
    let mut columns = Columns::default();
    for line in lines {
        match sonic_rs::from_str::<Log<'_>>(line) {
            Ok(log) => judge(&log, users, &mut columns),
            Err(_) => refuse(&mut columns),
        }
    }
    columns
}
