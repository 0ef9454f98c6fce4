//! The process's end, and its refusals to begin: SIGTERM, a damaged store, a wrong key, a store in use (spec O7, §10).

use std::collections::HashSet;
use std::path::Path;

use crate::support::{Served, Server, eventually, serve};

#[tokio::test]
async fn sigterm_ends_the_process_in_order_and_loses_nothing() {
    let mut served = serve().await;
    let load: Vec<_> = (0..8).map(|n| tokio::spawn(served.caller.clone().execute_until_refused(n, 8))).collect();
    eventually("some load", async || (served.caller.acknowledged().len() >= 100).then_some(())).await;
    let status = served.server.terminate().await;
    assert_eq!(status.code(), Some(0), "{}", served.server.log());
    for caller in load {
        caller.await.unwrap();
    }
    // Whoever sends webhooks meanwhile is refused and comes again; messages went once and no more.
    served.server.start().await;
    served.drain().await;
    let received = served.sandbox.infobip().received();
    let arrived: HashSet<_> = received.iter().map(|message| message.message_id.clone()).collect();
    let acknowledged: HashSet<_> = served.caller.acknowledged().into_iter().collect();
    assert!(
        acknowledged.is_subset(&arrived),
        "{} acknowledged messages are lost",
        acknowledged.difference(&arrived).count()
    );
    assert!(received.iter().all(|message| message.attempts == 1), "a message was sent twice");
    assert_eq!(served.server.terminate().await.code(), Some(0));
    assert!(!served.server.log().contains("panicked"));
}

/// Asserts that the process ends by itself with one sentence that says `what`.
async fn assert_refuses(server: &mut Server, what: &str) {
    let before = server.log().len();
    let status = server.start_in_vain().await;
    assert!(status.code().is_some_and(|code| code != 0), "{status}");
    let said =
        eventually("its words", async || Some(server.log()[before..].to_owned()).filter(|log| log.contains(what)))
            .await;
    assert!(!said.contains("panicked"), "{said}");
    let sentences: Vec<_> = said.lines().filter(|line| line.starts_with("waypost: ")).collect();
    assert_eq!(sentences.len(), 1, "{said}");
    assert!(sentences[0].contains(what), "{said}");
}

async fn stopped_with_messages() -> Served {
    let mut served = serve().await;
    for contact in 0..20 {
        assert!(served.caller.execute(contact).await);
    }
    served.drain().await;
    assert!(served.server.terminate().await.success());
    served
}

fn data_file(store: &Path) -> std::path::PathBuf {
    let found = walk(store).into_iter().find(|path| path.file_name().is_some_and(|name| name == "db"));
    found.expect("the store's data file")
}

fn walk(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_damaged_store_is_refused_in_one_sentence() {
    let mut served = stopped_with_messages().await;
    let file = data_file(&served.server.store_dir);
    let mut content = std::fs::read(&file).unwrap();
    let whole = content.clone();
    content.iter_mut().enumerate().for_each(|(index, byte)| *byte ^= u8::try_from(index % 251).unwrap() | 1);
    std::fs::write(&file, &content).unwrap();
    assert_refuses(&mut served.server, "the store in").await;
    let offline = served.server.cli(&["tenant", "list"]).await;
    assert!(offline.code != 0 && offline.err.contains("the store in"), "{offline:?}");
    std::fs::write(&file, &whole).unwrap();
    served.server.start().await;
    assert!(served.caller.execute(100).await);
    served.drain().await;
    assert!(served.server.terminate().await.success());
}

#[tokio::test]
async fn a_store_under_another_master_key_is_refused() {
    let mut served = stopped_with_messages().await;
    let key_file = served.server.config_file.with_file_name("master.key");
    std::fs::write(&key_file, "42".repeat(32)).unwrap();
    assert_refuses(&mut served.server, "master key").await;
}

#[tokio::test]
async fn a_store_in_use_is_refused_and_its_user_not_disturbed() {
    let mut served = serve().await;
    let mut second = Server::beside(&served.server);
    assert_refuses(&mut second, "is locked by another process").await;
    assert!(served.caller.execute(1).await);
    served.drain().await;
    assert!(served.server.terminate().await.success());
}

#[tokio::test]
async fn a_wrong_configuration_names_its_key() {
    for (more, what) in [
        ("[dispatch2]\nx = 1\n", "dispatch2 is not a key of the configuration"),
        ("[activity]\nretry_cuont = 1\n", "activity.retry_cuont is not a key of the configuration"),
        ("[activity]\nretry_count = 9\n", "activity.retry_count is not valid"),
    ] {
        let dir = tempfile::TempDir::new().unwrap();
        let mut server = Server::new(dir.path(), more);
        assert_refuses(&mut server, what).await;
    }
}
