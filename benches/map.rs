//! The criterion suite: groups are rows (`get_hit/1K/1t`), and in each is every map.
//!
//! Criterion measures one map after the other, so what the machine does meanwhile is in the ratios;
//! `compare` interleaves them. Time is for one operation of all threads together: with two threads
//! that are perfectly parallel it is half of what one thread takes.

use core::cell::OnceCell;
use core::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use splitmap_benches::{Limit, MAP_NAMES, Row, Team, prepare};

fn maps(criterion: &mut Criterion) {
    for row in Row::all(&[1, 2]) {
        let mut group = criterion.benchmark_group(row.to_string());
        group
            .sampling_mode(SamplingMode::Flat)
            .throughput(Throughput::Elements(1));
        for name in MAP_NAMES {
            // Filled when it is first needed: not for what the command line leaves out.
            let prepared = OnceCell::new();
            let prepare = || (prepare(row, name).bench, Team::new(row.threads));
            group.bench_function(*name, |bencher| {
                let (bench, team) = prepared.get_or_init(prepare);
                bencher.iter_custom(|operations| {
                    let rate = team.measure(bench, Limit::Operations(operations));
                    let rate = rate.unwrap_or_else(|error| panic!("{row}: {name}: {error}"));
                    Duration::from_secs(operations).div_f64(rate)
                });
            });
            if let Some((bench, _)) = prepared.get() {
                bench
                    .check_end()
                    .unwrap_or_else(|error| panic!("{row}: {name}: {error}"));
            }
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = maps
}
criterion_main!(benches);
