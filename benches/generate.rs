//! Generated logs a second, on one thread: bytes and verdicts alone, and as Arrow batches.

#![expect(clippy::expect_used, reason = "a benchmark that cannot start stops")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logcore::contract::Contract;
use logcore::generate::{Generator, Options, users};

const LOGS: usize = 100_000;

fn generate(criterion: &mut Criterion) {
    let contract = Contract::server_logs().expect("the contract is compiled in");
    let users = users(&contract, 1, 1_000).expect("the contract allows a thousand accounts");
    let mut generator = Generator::new(&contract, Some(&users), &Options::default()).expect("the defaults go together");
    let mut group = criterion.benchmark_group("generate");
    group.throughput(Throughput::Elements(LOGS as u64));
    let (mut out, mut reasons) = (Vec::new(), Vec::new());
    group.bench_function("write", |bencher| {
        bencher.iter(|| {
            out.clear();
            reasons.clear();
            for index in 0..LOGS as u64 {
                generator.write(index, &mut out, &mut reasons);
            }
            out.len()
        });
    });
    group.bench_function("batch", |bencher| {
        bencher.iter(|| {
            generator.seek(0);
            generator.batch(LOGS).expect("the times are allowed")
        });
    });
    group.finish();
}

criterion_group!(benches, generate);
criterion_main!(benches);
