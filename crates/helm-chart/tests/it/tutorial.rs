use std::path::PathBuf;
use std::sync::Arc;

use ferroflux_helm_chart::{LoadLimits, load_path};

use super::render_with;

/// HE-RND-01: one parsed chart serves many releases, on several threads at a time, with the same result each time.
#[test]
fn one_chart_many_releases() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/tutorial/redis-17.17.1.tgz");
    if !path.exists() {
        println!("skipped: no corpus at ../shared/corpus/tutorial");
        return;
    }
    let chart = load_path(&path, LoadLimits::default()).unwrap();
    let render =
        |chart: &Arc<ferroflux_helm_chart::Chart>| render_with(chart, "auth: {password: p}", Default::default()).unwrap().manifest();
    let first = render(&chart);
    assert!(first.contains("kind: StatefulSet"));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(|| (0..3).map(|_| render(&chart)).collect::<Vec<_>>())).collect();
        for thread in threads {
            for text in thread.join().unwrap() {
                assert_eq!(text, first);
            }
        }
    });
}
