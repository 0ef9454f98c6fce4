//! The limit: records appended to a file by group commit, with the sync that the store uses.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use tokio::sync::oneshot;

/// What a message of the calls and its first answer take in the store, keys and seals included.
pub(crate) const RECORD_BYTES: usize = 900;

#[derive(Default)]
struct Queue {
    waiting: Vec<(Vec<u8>, oneshot::Sender<()>)>,
    is_closed: bool,
}

/// Records a second that `producers` tasks get synced, each waiting for one before the next.
pub(crate) fn rate(file: &Path, producers: usize, records: u64) -> f64 {
    let queue = Arc::new((Mutex::<Queue>::default(), Condvar::new()));
    let writer = {
        let queue = Arc::clone(&queue);
        let mut file = File::create(file).unwrap();
        std::thread::spawn(move || {
            let mut buffer = Vec::new();
            loop {
                let group = {
                    let mut state = queue.0.lock().unwrap();
                    while state.waiting.is_empty() && !state.is_closed {
                        state = queue.1.wait(state).unwrap();
                    }
                    std::mem::take(&mut state.waiting)
                };
                if group.is_empty() {
                    return;
                }
                buffer.clear();
                group.iter().for_each(|(record, _)| buffer.extend_from_slice(record));
                file.write_all(&buffer).unwrap();
                file.sync_data().unwrap();
                for (_, answer) in group {
                    answer.send(()).expect("each producer waits");
                }
            }
        })
    };
    let each = records / producers as u64;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let began = Instant::now();
    let tasks: Vec<_> = (0..producers)
        .map(|_| {
            let queue = Arc::clone(&queue);
            runtime.spawn(async move {
                for _ in 0..each {
                    let (answer, answered) = oneshot::channel();
                    queue.0.lock().unwrap().waiting.push((vec![0x5a; RECORD_BYTES], answer));
                    queue.1.notify_one();
                    answered.await.unwrap();
                }
            })
        })
        .collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    let elapsed = began.elapsed();
    queue.0.lock().unwrap().is_closed = true;
    queue.1.notify_one();
    writer.join().unwrap();
    std::fs::remove_file(file).unwrap();
    (each * producers as u64) as f64 / elapsed.as_secs_f64()
}
