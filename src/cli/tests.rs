use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::*;
use crate::control::{AssignedInbound, Check, CheckOutcome, CheckReport, ControlHandler, ControlServer, ErrorCode};
use crate::onboarding::{TenantSummary, TenantView};

/// What one command did.
struct Ran {
    code: u8,
    out: String,
    err: String,
}

fn run_with(args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    let env = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(Process {
        args: std::iter::once("waypost").chain(args.iter().copied()).map(OsString::from).collect(),
        env: &env,
        env_names: variables.keys().map(|name| (*name).to_owned()).collect(),
        out: &mut out,
        err: &mut err,
    });
    Ran { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

/// A server whose handler keeps what it was asked.
#[derive(Default)]
struct Recorder {
    asked: Mutex<Vec<ControlRequest>>,
}

impl ControlHandler for Recorder {
    fn handle(&self, request: ControlRequest) -> BoxFuture<'_, ControlAnswer> {
        self.asked.lock().unwrap().push(request.clone());
        let answer = match request {
            ControlRequest::TenantAdd { tenant, .. } => ControlAnswer::ok(&TenantView::from(&*tenant)),
            ControlRequest::TenantList => ControlAnswer::ok(&[TenantSummary {
                mid: 7,
                name: "Unit".to_owned(),
                accounts: vec!["main".to_owned(), "second".to_owned()],
            }]),
            ControlRequest::TenantCheck { .. } => ControlAnswer::ok(&CheckReport {
                checks: vec![
                    Check { name: "SFMC token".to_owned(), outcome: CheckOutcome::Ok, detail: String::new() },
                    Check {
                        name: "Infobip key of main".to_owned(),
                        outcome: CheckOutcome::Failed,
                        detail: "the key is not known to Infobip".to_owned(),
                    },
                ],
            }),
            ControlRequest::ActivityNew(request) => ControlAnswer::ok(&request.arguments),
            ControlRequest::Status => {
                ControlAnswer::ok(&serde_json::json!({"queues": [{"depth": 3}], "version": "0.1.0", "problem": null}))
            }
            ControlRequest::TenantShow { .. } => {
                ControlAnswer::error(ErrorCode::NotFound, "there is no business unit of that MID")
            }
            ControlRequest::TenantProvision { .. }
            | ControlRequest::TenantRemove { .. }
            | ControlRequest::Account { .. }
            | ControlRequest::QueueRelease { .. }
            | ControlRequest::QueueList
            | ControlRequest::InboundAddress { .. }
            | ControlRequest::InboundUnassigned
            | ControlRequest::QueueEnded { .. }
            | ControlRequest::ReportRefused { .. }
            | ControlRequest::ReportReplay { .. }
            | ControlRequest::ReportCatchUp { .. }
            | ControlRequest::Erase { .. }
            | ControlRequest::ErasureList { .. }
            | ControlRequest::ErasureCheck { .. }
            | ControlRequest::Peers
            | ControlRequest::KeyRotate { .. } => ControlAnswer::Ok(serde_json::Value::Null),
            ControlRequest::InboundAssign { .. } => ControlAnswer::ok(&AssignedInbound { given: 2, left: 1 }),
        };
        std::future::ready(answer).boxed()
    }
}

struct Server {
    dir: tempfile::TempDir,
    recorder: Arc<Recorder>,
    _stop: watch::Sender<bool>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let recorder = Arc::new(Recorder::default());
        let (stop, stopped) = watch::channel(false);
        let server = runtime.block_on(ControlServer::bind(&dir.path().join("control.sock"))).unwrap();
        let handler: Arc<dyn ControlHandler> = recorder.clone();
        runtime.spawn(server.run(handler, stopped));
        Self { dir, recorder, _stop: stop, _runtime: runtime }
    }

    fn run(&self, args: &[&str]) -> Ran {
        run_with(args, &[("WAYPOST_STORE_DIR", self.dir.path().to_str().unwrap())])
    }

    fn asked(&self) -> Vec<ControlRequest> {
        self.recorder.asked.lock().unwrap().clone()
    }
}

#[test]
fn every_command_explains_itself() {
    for command in [
        &["--help"][..],
        &["serve", "--help"],
        &["check", "--help"],
        &["tenant", "add", "--help"],
        &["tenant", "list", "--help"],
        &["tenant", "show", "--help"],
        &["tenant", "check", "--help"],
        &["tenant", "remove", "--help"],
        &["account", "senders", "--help"],
        &["account", "templates", "--help"],
        &["account", "scenario", "--help"],
        &["activity", "new", "--help"],
        &["inbound", "address", "--help"],
        &["inbound", "unassigned", "--help"],
        &["inbound", "assign", "--help"],
        &["status", "--help"],
        &["peers", "--help"],
        &["demo", "--help"],
        &["sandbox", "--help"],
        &["key", "generate", "--help"],
        &["completions", "--help"],
    ] {
        let ran = run_with(command, &[]);
        assert_eq!(ran.code, OK, "{command:?}");
        assert!(ran.out.contains("Usage: waypost") && ran.err.is_empty(), "{command:?}: {}", ran.out);
    }
    assert!(run_with(&["--version"], &[]).out.starts_with("waypost "));
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn wrong_usage_exits_with_2_and_says_what_is_allowed() {
    for (args, sentence) in [
        (&["tenat"][..], "tenant"),
        (&["tenant", "show", "abc"], "MID is not valid: it must be a positive whole number"),
        (&["tenant", "remove", "7"], "add --yes to do it"),
        (&["demo", "--speed-limit", "5/WEEK"], "MINUTE, HOUR or DAY"),
        (&["demo", "--contacts", "0"], "1..=1000000"),
        (&["demo", "--channel", "fax"], "it must be all or one of SMS, LMS, MMS, WhatsApp"),
        (&["sandbox", "--listen", "0.0.0.0:1"], "it must be a loopback address"),
        (&["activity", "new", "--mid", "7", "--kind", "messaging", "--set", "text"], "it must be NAME=VALUE"),
        (&["activity", "new", "--mid", "7", "--kind", "messaging", "--set", "txet=x"], "did you mean text?"),
        (&["activity", "new", "--mid", "7", "--kind", "messaging", "--set", "phone0=x"], "is not an in-argument"),
        (&["activity", "new", "--mid", "7", "--kind", "messaging", "--set", "phone51=x"], "is not an in-argument"),
        (&["activity", "new", "--mid", "7", "--kind", "reports", "--set", "text=x"], "is not an in-argument"),
        (
            &["activity", "new", "--mid", "7", "--kind", "reports", "--set", "configurationId=x"],
            "is not an in-argument",
        ),
        (&["activity", "new", "--mid", "7", "--kind", "messaging", "--set", "text=a", "--set", "text=b"], "set twice"),
        (&["activity", "new", "--mid", "7", "--kind", "messaging", "--key", "a b"], "letters, digits"),
        (&["tenant", "add", "--file", "/nonexistent.toml"], "there is no such file"),
        (&["status", "--config", "/nonexistent.toml"], "there is no such file"),
    ] {
        let ran = run_with(args, &[]);
        assert_eq!(ran.code, USAGE, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(sentence), "{args:?}: {}", ran.err);
        assert!(ran.out.is_empty(), "{args:?}: {}", ran.out);
    }
}

#[test]
fn without_a_server_status_exits_with_3() {
    let dir = tempfile::tempdir().unwrap();
    let ran = run_with(&["status"], &[("WAYPOST_STORE_DIR", dir.path().to_str().unwrap())]);
    assert_eq!(ran.code, OTHER);
    assert!(ran.err.starts_with("waypost: no server answers on "), "{}", ran.err);
}

#[test]
fn without_a_server_tenant_commands_need_the_master_key() {
    let dir = tempfile::tempdir().unwrap();
    let ran = run_with(&["tenant", "list"], &[("WAYPOST_STORE_DIR", dir.path().to_str().unwrap())]);
    assert_eq!(ran.code, USAGE);
    assert!(ran.err.contains("there is no master key"), "{}", ran.err);
}

#[test]
fn a_store_of_another_user_is_left_to_the_server() {
    let dir = tempfile::tempdir().unwrap();
    if std::os::unix::fs::chown(dir.path(), Some(54_321), None).is_err() {
        return; // Only root can give a directory away.
    }
    let variables = [("WAYPOST_STORE_DIR", dir.path().to_str().unwrap()), ("WAYPOST_MASTER_KEY", &"ab".repeat(32))];
    let ran = run_with(&["tenant", "list"], &variables);
    assert_eq!(ran.code, OTHER);
    assert!(ran.err.contains("belongs to another user: start the server"), "{}", ran.err);
}

#[test]
fn a_tenant_is_added_through_the_running_server_and_no_secret_is_printed() {
    let server = Server::start();
    let file = server.dir.path().join("tenant.toml");
    let text = r#"
        mid = 7
        name = "Unit"
        sfmc = { client_id = "id", client_secret = "PLANTED", auth_origin = "a.example.com", soap_origin = "s.example.com" }
        verification = { signing_secret = "PLANTED" }
        account = [{ label = "main", base_url = "x.api.infobip.com", api_key = "PLANTED" }]
    "#;
    std::fs::write(&file, text).unwrap();
    for args in [&["tenant", "add", "--replace", "--file"][..], &["tenant", "add", "--json", "--file"]] {
        let ran = server.run(&[args, &[file.to_str().unwrap()]].concat());
        assert_eq!(ran.code, OK, "{}", ran.err);
        assert!(!ran.out.contains("PLANTED") && ran.err.is_empty(), "{}", ran.out);
    }
    let [ControlRequest::TenantAdd { tenant, replace: true }, ControlRequest::TenantAdd { replace: false, .. }] =
        &server.asked()[..]
    else {
        panic!("{:?}", server.asked());
    };
    assert_eq!(tenant.sfmc.client_secret.expose(), "PLANTED");
}

#[test]
fn answers_are_printed_for_people_and_as_json() {
    let server = Server::start();
    assert_eq!(server.run(&["tenant", "list"]).out, "7\tUnit\tmain, second\n");
    let json: serde_json::Value = serde_json::from_str(&server.run(&["tenant", "list", "--json"]).out).unwrap();
    assert_eq!(json[0]["name"], "Unit");
    assert_eq!(server.run(&["status"]).out, "problem: none\nqueues[1].depth: 3\nversion: 0.1.0\n");
    assert_eq!(server.run(&["tenant", "remove", "7", "--yes"]).out, "7 is removed\n");
    let activity = server.run(&[
        "activity",
        "new",
        "--mid",
        "7",
        "--kind",
        "messaging",
        "--set",
        "text=a=b",
        "--set",
        "phone2={{x}}",
    ]);
    let json: serde_json::Value = serde_json::from_str(&activity.out).unwrap();
    assert_eq!(json, serde_json::json!({"text": "a=b", "phone2": "{{x}}"}));
}

#[test]
fn a_failed_check_and_a_refusal_exit_with_1() {
    let server = Server::start();
    let ran = server.run(&["tenant", "check", "7"]);
    assert_eq!(ran.code, FAILED);
    assert_eq!(
        ran.out,
        "ok         SFMC token\nFAILED     Infobip key of main: the key is not known to Infobip\nsomething must be done\n"
    );
    let ran = server.run(&["tenant", "show", "8"]);
    assert_eq!((ran.code, ran.err.as_str()), (FAILED, "waypost: there is no business unit of that MID\n"));
}

#[test]
fn check_says_what_is_in_force_and_what_is_wrong() {
    let ran = run_with(&["check"], &[("WAYPOST_LOG_LEVEL", "debug")]);
    assert_eq!(ran.code, OK, "{}", ran.err);
    assert!(ran.out.contains("log.level = \"debug\"\n"), "{}", ran.out);
    assert!(ran.out.contains("store.cache_mb = 64  (default)\n"), "{}", ran.out);

    let ran = run_with(&["check", "--json"], &[("WAYPOST_LOG_LEVL", "debug")]);
    assert_eq!(ran.code, FAILED);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["valid"], false);
    assert_eq!(json["problem"], "WAYPOST_LOG_LEVL is not a key of the configuration; did you mean WAYPOST_LOG_LEVEL?");

    let ran = run_with(&["check"], &[("WAYPOST_MASTER_KEY", "PLANTED")]);
    assert_eq!(ran.code, FAILED);
    assert!(ran.out.contains("64 hexadecimal digits") && !ran.out.contains("PLANTED"), "{}", ran.out);
}

#[test]
fn the_reference_is_printed_as_a_file_and_as_json() {
    assert_eq!(run_with(&["check", "--print-reference"], &[]).out, crate::config::reference());
    let json: serde_json::Value =
        serde_json::from_str(&run_with(&["check", "--print-reference", "--json"], &[]).out).unwrap();
    assert_eq!(json[0]["key"], "server.listen");
    assert_eq!(json[0]["variable"], "WAYPOST_SERVER_LISTEN");
}

#[test]
fn a_key_is_generated_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let ran = run_with(&["key", "generate", path.to_str().unwrap()], &[]);
    assert_eq!(ran.code, OK, "{}", ran.err);
    let key = std::fs::read_to_string(&path).unwrap();
    assert!(!ran.out.contains(key.trim()), "{}", ran.out);
    let again = run_with(&["key", "generate", path.to_str().unwrap()], &[]);
    assert_eq!(again.code, FAILED);
    assert!(again.err.contains("never overwritten"), "{}", again.err);
}

#[test]
fn completions_are_a_script() {
    assert!(run_with(&["completions", "bash"], &[]).out.contains("_waypost()"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut err = Vec::new();
    let code = run(Process {
        args: ["waypost", "check", "--print-reference"].map(OsString::from).to_vec(),
        env: &|_| None,
        env_names: Vec::new(),
        out: &mut Closed,
        err: &mut err,
    });
    assert_eq!((code, err.as_slice()), (OK, &b""[..]));
}
