//! Tests of the stand-ins over HTTP.

use std::future::Future;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

use super::journey::Journey;
use super::{BusinessUnit, Column, ColumnType, DataExtensionSpec, InfobipAccount, Sandbox, SandboxOptions};
use crate::clock::{Clock, SystemClock, Timestamp, VirtualClock};

mod channels;
mod control;
mod events;
mod faults;
mod journey_builder;
mod journeys;
mod rest;
mod sms;
mod soap;
mod webhooks;

const MID: u64 = 510_001_234;
const KEY: &str = "sandbox-key";

/// 2026-03-03T13:22:30Z.
fn start() -> Timestamp {
    Timestamp::from_secs(1_772_544_150)
}

fn frozen() -> Arc<VirtualClock> {
    Arc::new(VirtualClock::starting_at(start()))
}

async fn sandbox() -> Sandbox {
    sandbox_with(SandboxOptions::default(), Arc::new(SystemClock::new())).await
}

/// A sandbox with one business unit and one account.
async fn sandbox_with(options: SandboxOptions, clock: Arc<dyn Clock>) -> Sandbox {
    let sandbox = Sandbox::start(options, clock).await.unwrap();
    sandbox.sfmc().add_business_unit(unit());
    sandbox.infobip().add_account(InfobipAccount::new(KEY));
    sandbox
}

fn unit() -> BusinessUnit {
    let scopes = ["data_extensions_read", "data_extensions_write", "journeys_read", "list_and_subscribers_read"];
    BusinessUnit {
        mid: MID,
        client_id: "client".into(),
        client_secret: "secret".into(),
        scopes: scopes.map(str::to_owned).to_vec(),
        signing_secret: "signing-secret".into(),
        salt: Some(("salt-key".into(), "salt-value".into())),
    }
}

fn reports_extension() -> DataExtensionSpec {
    DataExtensionSpec {
        key: "reports".into(),
        name: "SMS Delivery Reports".into(),
        columns: vec![
            Column::text("messageId", 50).primary_key(),
            Column::text("statusName", 10).required(),
            Column::new("count", ColumnType::Number),
            Column::new("sentAt", ColumnType::Date),
            Column::new("permanent", ColumnType::Boolean),
            Column::decimal("price", 18, 6),
        ],
        ..DataExtensionSpec::default()
    }
}

/// Calls REST, SOAP and Infobip's API.
struct Caller {
    http: reqwest::Client,
    sandbox: Sandbox,
    token: String,
}

impl Caller {
    async fn new(sandbox: &Sandbox) -> Self {
        let http = super::http_client().unwrap();
        let mut caller = Self { http, sandbox: sandbox.clone(), token: String::new() };
        caller.renew().await;
        caller
    }

    async fn renew(&mut self) {
        let (status, answer) = self.token(&json!({})).await;
        assert_eq!(status, 200, "{answer}");
        self.token = answer["access_token"].as_str().unwrap().to_owned();
    }

    /// Asks for a token; `changes` overwrite fields of a good request.
    async fn token(&self, changes: &Value) -> (u16, Value) {
        let mut body = json!({
            "grant_type": "client_credentials", "client_id": "client", "client_secret": "secret", "account_id": MID,
        });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let url = format!("{}/v2/token", self.sandbox.sfmc_origin());
        answer(self.http.post(url).json(&body)).await
    }

    async fn rest(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.sandbox.sfmc_origin()));
        let request = request.bearer_auth(&self.token);
        answer(if body.is_null() { request } else { request.json(&body) }).await
    }

    async fn soap(&self, action: &str, body: &str) -> (u16, String) {
        let envelope = format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Header><fueloauth xmlns="http://exacttarget.com">{}</fueloauth></s:Header><s:Body>{body}</s:Body></s:Envelope>"#,
            self.token
        );
        let url = format!("{}/Service.asmx", self.sandbox.sfmc_origin());
        let request =
            self.http.post(url).header("Content-Type", "text/xml; charset=utf-8").header("SOAPAction", action);
        let answer = request.body(envelope).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn infobip(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        answer(self.infobip_request(method, path, body)).await
    }

    fn infobip_request(&self, method: &str, path: &str, body: Value) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.sandbox.infobip_base_url()));
        let request = request.header("Authorization", format!("App {KEY}")).header("Accept", "application/json");
        if body.is_null() { request } else { request.json(&body) }
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// One SMS as a request.
fn sms(to: &str, id: &str, text: &str) -> Value {
    json!({ "messages": [ { "sender": "ACME", "destinations": [ { "to": to, "messageId": id } ], "content": { "text": text } } ] })
}

/// Waits in real time until something holds; five seconds at most.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what} did not come about");
}

/// A request that an endpoint got.
#[derive(Clone, Debug)]
struct Got {
    path: String,
    content_type: String,
    /// Names in lower case.
    headers: std::collections::HashMap<String, String>,
    body: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The payload of a body that is a token, and the rest for checking its signature.
    fn payload(&self) -> Value {
        use base64::Engine as _;
        let payload = self.body.split('.').nth(1).unwrap();
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
        serde_json::from_slice(&payload).unwrap()
    }
}

/// A stand-in of whoever the platforms call.
struct Endpoint {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
    server: actix_web::dev::ServerHandle,
}

impl Endpoint {
    /// `respond` gets how many requests came before and the request.
    fn start<F, A>(respond: F) -> Self
    where
        F: Fn(usize, Got) -> A + Send + Sync + 'static,
        A: Future<Output = (u16, Value)> + 'static,
    {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let (collected, respond) = (Arc::clone(&got), Arc::new(respond));
        let server = HttpServer::new(move || {
            let (collected, respond) = (Arc::clone(&collected), Arc::clone(&respond));
            App::new().default_service(web::to(move |request: HttpRequest, body: web::Bytes| {
                let header = request.headers().get("content-type").and_then(|value| value.to_str().ok());
                let got = Got {
                    path: request.path().to_owned(),
                    content_type: header.unwrap_or_default().to_owned(),
                    headers: request
                        .headers()
                        .iter()
                        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                        .collect(),
                    body: String::from_utf8(body.to_vec()).unwrap(),
                };
                let before = {
                    let mut collected = collected.lock().unwrap();
                    collected.push(got.clone());
                    collected.len() - 1
                };
                let answer = respond(before, got);
                async move {
                    let (status, body) = answer.await;
                    let status = actix_web::http::StatusCode::from_u16(status).unwrap();
                    HttpResponse::build(status).insert_header(("Location", "/elsewhere")).json(body)
                }
            }))
        })
        .workers(1)
        .disable_signals()
        .listen(socket)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, got, server: handle }
    }

    /// Answers everything with 200.
    fn accepting() -> Self {
        Self::start(|_, _| async { (200, json!({})) })
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}
