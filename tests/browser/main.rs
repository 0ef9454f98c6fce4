//! The pages in real Chromium, driven over WebDriver: Debian's packages `chromium` and `chromium-driver`.
//!
//! Without them every test is skipped, and the run says so; with `WAYPOST_BROWSER_TESTS=required`, as in CI, a missing
//! browser is a failure. Screenshots go to the directory `WAYPOST_SCREENSHOTS`, else below the build's target directory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests: a failed assumption is a failed test"
)]

mod chromium;
mod shell;
#[allow(dead_code, unused_imports, reason = "shared with the black-box tests, which use all of it")]
#[path = "../it"]
mod it {
    pub(crate) mod support;
}

use std::future::Future;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use chromium::{Browser, Driver, Missing};
use it::support;

/// Browsers at a time: each is a handful of processes.
const BROWSERS: usize = 2;

/// A test with a browser of its own.
fn trial<F>(name: &str, driver: &Result<Driver, Missing>, test: impl FnOnce(Browser) -> F + Send + 'static) -> Trial
where
    F: Future<Output = Browser>,
{
    let address = driver.as_ref().ok().map(Driver::address);
    let is_missing = address.is_none();
    let run = move || {
        let address = address.ok_or_else(|| Failed::from("there is no browser"))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(async move { test(Browser::open(&address).await).await.close().await });
        Ok(())
    };
    Trial::test(name, run).with_ignored_flag(is_missing)
}

macro_rules! trials {
    ($driver:expr; $($module:ident: $($test:ident),+ $(,)?;)+) => {
        vec![$($(trial(concat!(stringify!($module), "::", stringify!($test)), $driver, $module::$test)),+),+]
    };
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let driver = if arguments.list { Err(Missing("only listed".to_owned())) } else { Driver::start() };
    let is_required = std::env::var("WAYPOST_BROWSER_TESTS").is_ok_and(|value| value == "required");
    match &driver {
        Err(missing) if is_required => {
            println!("The browser tests can't run: {missing}");
            return ExitCode::FAILURE;
        }
        Err(missing) if !arguments.list => println!("\nAll browser tests are SKIPPED: {missing}"),
        _ => {}
    }
    let trials = trials! { &driver;
        shell: the_page_says_where_it_belongs;
    };
    let arguments = Arguments { test_threads: arguments.test_threads.or(Some(BROWSERS)), ..arguments };
    libtest_mimic::run(&arguments, trials).exit_code()
}
