//! Rows against the table of columns, and extensions that are not the package's own.

use super::*;
use crate::domain::extension::OMNI_REPORTS;
use crate::domain::report::ErrorInfo;
use crate::reporting::{ActualColumn, ColumnKind};
use crate::simulation::target::as_provisioned;

fn long(length: usize) -> String {
    "x".repeat(length)
}

fn full(id: &str) -> DeliveryReport {
    let mut report = whatsapp(id, 2, "UNDELIVERABLE_NOT_DELIVERED", 5);
    report.status.group_name = "UNDELIVERABLE".into();
    report.status.description = long(120);
    report.error = Some(ErrorInfo {
        group_id: Some(1),
        group_name: Some("HANDSET_ERRORS".into()),
        id: Some(27),
        name: Some("EC_ABSENT_SUBSCRIBER".into()),
        description: Some(long(1_100)),
        permanent: Some(true),
    });
    report.message_count = Some(7);
    report.price_per_message = Some("0.008500".into());
    report.price_currency = Some("EURO €".into());
    report.callback_data = Some(long(4_100));
    report.mcc_mnc = Some("21910".into());
    report
}

#[test]
fn an_omni_row_has_every_column_of_the_table_each_cut_to_its_length() {
    let (world, process) = keeping();
    record_of(&process, Channel::Viber, vec![full("m").into(), seen("m", 9).into()]);
    process.forward();
    let (description, error, data) = (long(100), long(1_000), long(4_000));
    let expected = row(&[
        ("messageId", "m"),
        ("messageCount", "1"),
        ("to", "385911234500"),
        ("pricePerMessage", "0.008500"),
        ("priceCurrency", "EURO "),
        ("statusGroupId", "2"),
        ("statusGroupName", "UNDELIVERABLE"),
        ("statusId", "102"),
        ("statusName", "UNDELIVERABLE_NOT_DELIVERED"),
        ("statusDescription", &description),
        ("errorGroupId", "1"),
        ("errorGroupName", "HANDSET_ERRORS"),
        ("errorId", "27"),
        ("errorName", "EC_ABSENT_SUBSCRIBER"),
        ("errorDescription", &error),
        ("errorPermanent", "true"),
        ("callbackData", &data),
        ("sentAt", "2027-01-15T08:00:05Z"),
        ("doneAt", "2027-01-15T08:00:05Z"),
        ("seenAt", "2027-01-15T08:00:09Z"),
        ("from", "385990000000"),
        ("channel", "Viber"),
    ]);
    assert_eq!(expected.len(), OMNI_REPORTS.columns.len());
    assert_eq!(world.target.table().kept(OMNI), [expected]);
}

#[test]
fn rows_fit_the_columns_that_are_really_there() {
    let (world, process) = keeping();
    let mut columns = as_provisioned(&OMNI_REPORTS);
    columns.retain(|column| !column.name.starts_with("error"));
    for column in &mut columns {
        match &*column.name {
            "statusDescription" => column.length = Some(10),
            "doneAt" => (column.kind, column.length) = (ColumnKind::Text, Some(50)),
            "statusId" => column.kind = ColumnKind::Text,
            "statusName" => column.name = "STATUSNAME".into(),
            _ => {}
        }
    }
    columns.push(ActualColumn { name: "theirs".into(), required: false, primary_key: false, ..columns[2].clone() });
    world.target.table().columns.insert(OMNI.into(), columns);
    let mut unit = (*process.tenants.get(MID).unwrap()).clone();
    unit.time_zone = Some("Asia/Seoul".into());
    process.tenants.put(unit);
    record_of(&process, Channel::Viber, vec![full("m").into()]);
    process.forward();
    let rows = world.target.table().kept(OMNI);
    let cells = ["statusDescription", "doneAt", "statusId", "STATUSNAME"].map(|name| rows[0][name].as_str());
    assert_eq!(cells, ["xxxxxxxxxx", "2027-01-15T17:00:05", "102", "UNDELIVERABLE_NOT_DELIVERED"]);
    assert!(rows[0].keys().all(|name| !name.starts_with("error") && name != "theirs"), "{rows:?}");
}

#[test]
fn a_required_column_that_cannot_be_filled_is_named() {
    let (world, process) = keeping();
    let mut columns = as_provisioned(&OMNI_REPORTS);
    columns.push(ActualColumn { name: "Team".into(), required: true, primary_key: false, ..columns[2].clone() });
    world.target.table().columns.insert(OMNI.into(), columns);
    record_of(&process, Channel::Viber, vec![full("m").into()]);
    process.forward();
    let problem = process.forwarder.problem(MID, &main_account()).unwrap();
    assert!(problem.contains("omni reports requires the column Team"), "{problem}");
    assert_eq!(waiting_in(&process, OutboxTarget::OMNI_REPORTS), 1, "nothing is lost");
    // It was repaired: the columns are read anew.
    world.target.table().columns.remove(OMNI);
    process.advance(&world, Duration::from_secs(10));
    process.forward();
    assert_eq!((world.target.table().kept(OMNI).len(), process.forwarder.problem(MID, &main_account())), (1, None));
}

#[test]
fn one_row_without_a_required_value_is_set_aside_and_the_others_go() {
    let (world, process) = keeping();
    let mut columns = as_provisioned(&OMNI_REPORTS);
    columns.iter_mut().filter(|column| &*column.name == "seenAt").for_each(|column| column.required = true);
    world.target.table().columns.insert(OMNI.into(), columns);
    record_of(&process, Channel::Viber, vec![full("m").into(), full("n").into(), seen("n", 9).into()]);
    process.forward();
    let refused = process.store.reports().refused(MID, OutboxTarget::OMNI_REPORTS, None, 10).unwrap();
    let problem = "the column seenAt is required, and there is nothing for it";
    assert_eq!(refused.iter().map(|placed| placed.entry.problem.as_deref()).collect::<Vec<_>>(), [Some(problem)]);
    assert_eq!(world.target.table().requests, [1]);
}

#[test]
fn a_report_that_names_another_channel_fills_the_column_and_stays_in_its_messages_extension() {
    let (world, process) = keeping();
    let arguments: &[_] = &[("text", "Hi")];
    let call = Call { channel: "RCS", arguments, ..Call::new(1, "activity", 0) };
    let id = process.execute(&call).unwrap().message_id;
    process.send_all();
    let of = |channel: &str, secs| {
        let mut report = report(&id, 3, 5, "DELIVERED_TO_HANDSET", START.plus(Duration::from_secs(secs)));
        report.channel = channel.into();
        report
    };
    // An older report without a name, whichever comes first, is not what stands.
    for arrived in [of("", 1), of("SMS", 2), of("", 1)] {
        record_of(&process, Channel::Rcs, vec![arrived.into()]);
        process.forward();
    }
    let rows = world.target.table().kept(OMNI);
    assert_eq!(rows.iter().map(|row| row["channel"].as_str()).collect::<Vec<_>>(), ["SMS"]);
    assert!(world.target.table().kept(SMS).is_empty());
    record_of(&process, Channel::Rcs, vec![of("", 3).into()]);
    process.forward();
    assert_eq!(world.target.table().kept(OMNI)[0]["channel"], "RCS");
}

#[test]
fn a_newer_report_leaves_nothing_of_the_older_one_in_its_row() {
    let (world, process) = keeping();
    let call = Call { text: crate::simulation::provider::REFUSED.into(), ..Call::new(1, "activity", 0) };
    let id = process.execute(&call).unwrap().message_id;
    process.send_all();
    process.forward();
    let rows = world.target.table().kept(SMS);
    assert_eq!((rows.len(), rows[0]["errorName"].as_str()), (1, "NO_ERROR"));
    record(&process, vec![delivered(&id)]);
    process.forward();
    let rows = world.target.table().kept(SMS);
    assert_eq!((rows.len(), rows[0]["statusName"].as_str()), (1, "DELIVERED_TO_HANDSET"));
    assert!(rows[0].keys().all(|name| !name.starts_with("error")), "{rows:?}");
}

#[test]
fn what_the_extension_knows_better_is_not_emptied() {
    let (world, process) = keeping();
    let mut columns = as_provisioned(&OMNI_REPORTS);
    columns.iter_mut().filter(|column| &*column.name == "errorName").for_each(|column| column.takes_null = false);
    world.target.table().columns.insert(OMNI.into(), columns);
    record_of(&process, Channel::Viber, vec![full("m").into(), seen("m", 9).into()]);
    process.forward();
    // A store that was restored has forgotten both.
    let restored = World { kv: crate::store::MemoryKv::default(), ..world.clone() };
    let process = restored.start(START);
    record_of(&process, Channel::Viber, vec![whatsapp("m", 3, "DELIVERED_TO_HANDSET", 7).into()]);
    process.forward();
    let row = world.target.table().kept(OMNI).remove(0);
    assert_eq!((row["seenAt"].as_str(), row["errorName"].as_str()), ("2027-01-15T08:00:09Z", "EC_ABSENT_SUBSCRIBER"));
    assert_eq!(row.get("errorId"), None);
    // What stands in for a delivery report says nothing of errors and prices.
    record_of(&process, Channel::Viber, vec![full("n").into()]);
    process.forward();
    let process = World { kv: crate::store::MemoryKv::default(), ..world.clone() }.start(START);
    record_of(&process, Channel::Viber, vec![seen("n", 9).into()]);
    process.advance(&world, Duration::from_hours(1));
    process.forward();
    let row = world.target.table().kept(OMNI).remove(1);
    assert_eq!((row["seenAt"].as_str(), row["errorId"].as_str()), ("2027-01-15T08:00:09Z", "27"));
}

/// A column that was changed so that no row fits costs few calls, and nothing is set aside.
#[test]
fn an_extension_that_refuses_every_row_is_wrong_and_its_rows_wait() {
    let world = World { rows_max: 200, ..start().0 };
    let process = world.start(START);
    let theirs = |id: &str| {
        let mut report = whatsapp(id, 3, "DELIVERED", 1);
        report.to = Some(format!("3859112345{POISON_ENDING}"));
        report
    };
    record_of(&process, Channel::Viber, (0..60).map(|number| theirs(&format!("m-{number}")).into()).collect());
    for most in [40, 20] {
        process.forward();
        let tried = std::mem::take(&mut world.target.table().requests).len();
        assert!(tried <= most, "{tried} requests");
        process.advance(&world, Duration::from_secs(60));
    }
    let refused = || process.store.reports().refused(MID, OutboxTarget::OMNI_REPORTS, None, 100).unwrap().len();
    assert_eq!((refused(), waiting_in(&process, OutboxTarget::OMNI_REPORTS)), (0, 60));
    assert!(process.forwarder.problem(MID, &main_account()).unwrap().contains("refuses every row: a row is not valid"));
    // Something taken says that the extension is right, and they are not.
    for number in 0..8 {
        record_of(&process, Channel::Viber, vec![whatsapp(&format!("good-{number}"), 3, "DELIVERED", 1).into()]);
        process.advance(&world, Duration::from_secs(600));
        process.forward();
    }
    assert_eq!((refused(), waiting_in(&process, OutboxTarget::OMNI_REPORTS)), (60, 0));
    assert_eq!(world.target.table().rows.len(), 8);
}
