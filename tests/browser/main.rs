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

mod accessibility;
mod channels;
mod choices;
mod chromium;
mod copies;
mod journey;
mod keyboard;
mod loading;
mod problems;
mod reports;
mod sessions;
mod shell;
mod whole_journey;
mod wire;
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
        channels:
            sms_and_lms, mms, whatsapp, viber, kakao, kakao_over_omni, rcs, rcs_cards, rows_are_moved_and_removed;
        choices:
            the_event_that_a_reply_fires, one_of_several_accounts, the_server_is_asked_for_lists_and_scenarios,
            changes_are_not_thrown_away_unasked;
        copies: a_copy_is_confirmed_and_becomes_its_own, a_late_answer_takes_back_what_was_told_before_it,
            a_running_journey_is_read_only_and_shows_its_figures;
        keyboard:
            an_sms_is_configured_by_keyboard_alone, the_test_message_has_a_dialog, a_narrow_window_and_a_dark_system;
        loading: a_cold_page_is_small;
        problems: a_problem_stands_beside_its_field, another_channel_has_problems_of_its_own,
            a_click_counts_though_a_problem_appears_under_it,
            what_was_put_right_is_not_held_against_it, one_cause_has_one_notice;
        reports: every_kind_of_report_is_saved_and_opened_again, a_message_that_is_gone_is_chosen_anew;
        sessions:
            a_session_that_is_over_is_renewed_in_silence, a_session_that_can_t_be_renewed_says_so,
            who_is_not_vouched_for_sees_nothing, a_business_unit_that_is_not_connected_is_told_so;
        shell: the_page_says_where_it_belongs;
        whole_journey: what_the_form_showed_is_sent_and_reported;
        wire:
            answers_come_in_any_order_and_shape, what_is_not_said_is_done_without,
            a_journey_without_an_entry_source_is_told_of, other_windows_are_not_heard, objects_are_no_messages,
            only_what_says_nothing_goes_to_any_origin, many_clicks_on_next_save_nothing_unseen, a_host_that_is_not_listed_shows_no_page;
    };
    let arguments = Arguments { test_threads: arguments.test_threads.or(Some(BROWSERS)), ..arguments };
    libtest_mimic::run(&arguments, trials).exit_code()
}
