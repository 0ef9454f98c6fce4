//! Clicks: inserted, each one; by a key where the customer's extension has one.

use super::*;
use crate::domain::extension::{SMS_URL_TRACKING, UNIFIED_URL_TRACKING};
use crate::simulation::target::as_provisioned;

#[test]
fn each_click_is_a_row_with_every_column_of_the_table() {
    let (world, process) = keeping();
    let url = format!("https://shop/{}", "p".repeat(1_100));
    record_clicks(&process, vec![click("m", &url, 1), click("m", &url, 2), click("m", &url, 1)]);
    process.forward();
    let expected = |at: &str| {
        row(&[
            ("notificationType", "CLICKED"),
            ("messageId", "m"),
            ("recipient", "385911234500"),
            ("url", url.get(..1_000).unwrap()),
            ("sendDateTime", at),
            ("deviceType", "Phone"),
            ("os", "iOS 12"),
            ("deviceName", "Apple"),
            ("callbackData", "data"),
            ("channel", "WhatsApp"),
        ])
    };
    assert_eq!(expected("").len(), UNIFIED_URL_TRACKING.columns.len());
    let mut rows = world.target.table().kept(CLICKS);
    rows.sort();
    assert_eq!(rows, [expected("2027-01-15T08:00:01Z"), expected("2027-01-15T08:00:02Z")]);
    process.forward();
    assert_eq!(world.target.table().kept(CLICKS).len(), 2);
}

#[test]
fn the_older_extensions_get_epoch_milliseconds_as_text() {
    let (world, process) = keeping();
    world.target.table().columns.insert(CLICKS.into(), as_provisioned(&SMS_URL_TRACKING));
    record_clicks(&process, vec![click("m", "https://shop", 1)]);
    process.forward();
    let rows = world.target.table().kept(CLICKS);
    assert_eq!((rows[0]["sendDateTime"].as_str(), rows[0].get("channel")), ("1800000001000", None));
}

#[test]
fn a_key_of_the_message_id_alone_keeps_the_newest_click_in_whatever_order() {
    for order in [[1, 2, 3], [3, 1, 2], [2, 3, 1]] {
        let (world, process) = keeping();
        let mut columns = as_provisioned(&UNIFIED_URL_TRACKING);
        columns.iter_mut().for_each(|column| column.primary_key = &*column.name == "messageId");
        world.target.table().columns.insert(CLICKS.into(), columns);
        for secs in order {
            record_clicks(
                &process,
                vec![click("m", &format!("https://shop/{secs}"), secs), click("n", "https://n", secs)],
            );
            if secs == 2 {
                process.forward();
            }
        }
        process.forward();
        let rows = world.target.table().kept(CLICKS);
        assert_eq!(rows.iter().map(|row| row["url"].as_str()).collect::<Vec<_>>().len(), 2);
        assert_eq!(rows.iter().find(|row| row["messageId"] == "m").unwrap()["url"], "https://shop/3");
        assert_eq!(waiting_in(&process, OutboxTarget::CLICKS), 0);
    }
}

#[test]
fn a_key_that_tells_clicks_apart_loses_none() {
    let (world, process) = keeping();
    let mut columns = as_provisioned(&UNIFIED_URL_TRACKING);
    let keys = ["messageId", "url", "sendDateTime"];
    columns.iter_mut().for_each(|column| column.primary_key = keys.contains(&&*column.name));
    world.target.table().columns.insert(CLICKS.into(), columns);
    record_clicks(&process, vec![click("m", "https://a", 1), click("m", "https://a", 2), click("m", "https://b", 1)]);
    process.forward();
    assert_eq!(world.target.table().kept(CLICKS).len(), 3);
}
