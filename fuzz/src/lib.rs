//! What the fuzz targets share: an input's logs, what the core says of them, and a slow second judge.

pub mod core;
pub mod input;
pub mod json;
pub mod judge;
pub mod row;
