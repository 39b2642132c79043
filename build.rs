//! Has the extension's calls of malloc go to `src/allocator.rs`, those of librdkafka included.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    // Only in the extension, and only where glibc's own functions stay reachable by other names.
    if std::env::var("CARGO_FEATURE_KAFKA").is_ok()
        && std::env::var("CARGO_FEATURE_PYTHON").is_ok()
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
    {
        for name in ["malloc", "calloc", "realloc", "free"] {
            println!("cargo::rustc-cdylib-link-arg=-Wl,--wrap={name}");
        }
    }
}
