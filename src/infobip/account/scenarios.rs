//! *Verify Scenario Key* (infobip.md 5.3).

use serde_json::Value;

use super::pace::Endpoint;
use super::{AccountReader, Call, name, segment};
use crate::domain::scenario::{FlowStep, Scenario, ScenarioCheck, ScenarioKey};
use crate::domain::tenant::Account;
use crate::infobip::problem;

/// Not on the manual's list: a key made by that list can't ask.
const SCOPE: &str = "omni-failover:manage";
/// Steps of a flow that are kept; there are ten channels.
const STEPS_MAX: usize = 50;

pub(super) async fn check(reader: &AccountReader, account: &Account, key: &ScenarioKey) -> ScenarioCheck {
    let target = format!("/omni/1/scenarios/{}", segment(key.as_str()));
    let answer = match reader.call(account, Endpoint::Unlimited, Call::Get(&target)).await {
        Ok(answer) => answer,
        Err(no_answer) => {
            return ScenarioCheck::CannotTell(format!("Infobip did not answer ({no_answer}): try again later"));
        }
    };
    let said = serde_json::from_slice::<Value>(&answer.body).ok();
    let cannot_tell = |sentence: String| ScenarioCheck::CannotTell(sentence);
    match answer.status {
        200..=299 => match said.as_ref().and_then(scenario) {
            Some(scenario) => ScenarioCheck::Exists(scenario),
            None => cannot_tell("the answer can't be read: is the base URL right?".to_owned()),
        },
        // A proxy's page says nothing of the key.
        404 if said.is_some() || answer.body.is_empty() => ScenarioCheck::DoesNotExist,
        404 => cannot_tell("what answers is not Infobip (HTTP 404): is the base URL right?".to_owned()),
        401 => cannot_tell("Infobip refuses the API key (401)".to_owned()),
        403 => cannot_tell(format!(
            "the API key lacks the scope {SCOPE} (403): add it at Infobip; the scenario key may be right all the same"
        )),
        429 => cannot_tell("Infobip takes no more requests for now (429): try again in a minute".to_owned()),
        status @ (408 | 425 | 500..) => {
            let problem = problem::of(status, &answer.body);
            cannot_tell(format!("Infobip did not answer ({problem}): try again later"))
        }
        status => cannot_tell(format!("Infobip refused the request ({})", problem::of(status, &answer.body))),
    }
}

/// The scenario itself, or a list with it alone.
fn scenario(wire: &Value) -> Option<Scenario> {
    let wire = match wire.get("scenarios").and_then(Value::as_array).map(Vec::as_slice) {
        Some([only]) => only,
        Some(_) => return None,
        None => wire,
    };
    let steps = wire.get("flow")?.as_array()?;
    let step = |step: &Value| {
        Some(FlowStep { channel: name(step, "channel")?, sender: name(step, "from").unwrap_or_default() })
    };
    Some(Scenario {
        name: name(wire, "name").unwrap_or_default(),
        flow: steps.iter().take(STEPS_MAX).filter_map(step).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::reader;
    use super::*;
    use crate::infobip::client::tests::account;
    use crate::listings::AccountListings as _;
    use crate::outbound::stub::{Reply, Stub};

    const KEY: &str = "CC9F01A5DC7BEE2C2B829D203482A654";

    async fn check(reply: Reply) -> ScenarioCheck {
        let stub = Stub::start(vec![reply]).await;
        let checked = reader().scenario(&account(&stub.origin()), &KEY.parse().unwrap()).await;
        assert_eq!(stub.requests()[0].target, format!("/omni/1/scenarios/{KEY}"));
        checked
    }

    #[tokio::test]
    async fn a_scenario_that_exists_tells_its_flow() {
        let flow = r#""flow":[{"from":"ACME","channel":"VIBER"},{"from":"385915550000","channel":"SMS"},{"from":"x"}]"#;
        for body in [
            format!(r#"{{"key":"{KEY}","name":"Viber first",{flow},"default":false}}"#),
            format!(r#"{{"scenarios":[{{"key":1,"name":"Viber first",{flow}}}]}}"#),
        ] {
            let ScenarioCheck::Exists(scenario) = check(Reply::json(200, &body)).await else { panic!("{body}") };
            assert_eq!((&*scenario.name, scenario.flow.len()), ("Viber first", 2));
            assert_eq!((&*scenario.flow[0].channel, &*scenario.flow[0].sender), ("VIBER", "ACME"));
            assert!(scenario.has("VIBER") && !scenario.has("KAKAO_CHINGU") && !scenario.has("KAKAO_ALIM"));
        }
        let new = check(Reply::json(200, r#"{"flow":[{"channel":"KAKAO_ALIM"},{"channel":"PIGEON","from":7}]}"#)).await;
        assert!(matches!(&new, ScenarioCheck::Exists(new) if new.has("KAKAO_ALIM") && new.has("PIGEON")), "{new:?}");
    }

    #[tokio::test]
    async fn a_scenario_that_does_not_exist_is_told_from_an_answer_that_proves_nothing() {
        let unknown = r#"{"requestError":{"serviceException":{"messageId":"NOT_FOUND","text":"x"}}}"#;
        for reply in [Reply::json(404, unknown), Reply::json(404, "")] {
            assert_eq!(check(reply).await, ScenarioCheck::DoesNotExist);
        }
        for (reply, part) in [
            (Reply::with(404, &[], "<html>"), "base URL"),
            (Reply::with(200, &[], "<html>"), "base URL"),
            (Reply::json(200, "{}"), "base URL"),
            (Reply::json(200, r#"{"scenarios":[]}"#), "base URL"),
            (Reply::json(401, ""), "API key"),
            (Reply::json(403, ""), "omni-failover:manage"),
            (Reply::json(400, ""), "HTTP 400"),
            (Reply::json(429, ""), "429"),
            (Reply::json(500, unknown), "HTTP 500 NOT_FOUND"),
            (Reply::Stall, "time limit"),
            (Reply::Close, "closed"),
        ] {
            let checked = check(reply).await;
            assert!(matches!(&checked, ScenarioCheck::CannotTell(why) if why.contains(part)), "{checked:?}");
        }
    }
}
