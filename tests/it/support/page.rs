//! A cloud page of the customer's: takes POSTed reports, and fails when it is told to.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;

/// See the module's documentation.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) url: String,
    state: Arc<State>,
    handle: actix_web::dev::ServerHandle,
}

/// A post that was answered 200.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    /// What follows the question mark of its URL.
    pub(crate) query: String,
    /// `X-Waypost-Signature` and `X-Waypost-Timestamp`.
    pub(crate) signature: Option<String>,
    pub(crate) timestamp: Option<String>,
    /// As it came, which is what is signed.
    pub(crate) body: String,
}

#[derive(Default)]
struct State {
    taken: Mutex<Vec<Posted>>,
    refusals: Mutex<Vec<u16>>,
    /// Posts with this in them are answered 422, with what was posted.
    refused_text: Mutex<Option<String>>,
    calls: Mutex<usize>,
}

impl Page {
    pub(crate) async fn open() -> Self {
        let state = Arc::new(State::default());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/sms-reports?key=0", listener.local_addr().unwrap());
        let data = web::Data::from(Arc::clone(&state));
        let server =
            HttpServer::new(move || App::new().app_data(data.clone()).route("/sms-reports", web::post().to(take)));
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, state, handle }
    }

    /// Answers the next calls with these statuses.
    pub(crate) fn refuse(&self, statuses: &[u16]) {
        self.state.refusals.lock().unwrap().extend(statuses.iter().rev());
    }

    /// Answers posts that hold this text with 422 and their own body; none without a text.
    pub(crate) fn refuse_text(&self, text: Option<&str>) {
        *self.state.refused_text.lock().unwrap() = text.map(str::to_owned);
    }

    /// The bodies that were answered 200.
    pub(crate) fn taken(&self) -> Vec<Value> {
        self.posted().iter().map(|posted| serde_json::from_str(&posted.body).unwrap()).collect()
    }

    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.state.taken.lock().unwrap().clone()
    }

    pub(crate) fn calls(&self) -> usize {
        *self.state.calls.lock().unwrap()
    }

    pub(crate) async fn close(self) {
        self.handle.stop(false).await;
    }
}

async fn take(state: web::Data<State>, request: HttpRequest, body: String) -> HttpResponse {
    *state.calls.lock().unwrap() += 1;
    let refusal = state.refusals.lock().unwrap().pop();
    if let Some(status) = refusal {
        return HttpResponse::build(status.try_into().unwrap()).finish();
    }
    let is_refused = state.refused_text.lock().unwrap().as_ref().is_some_and(|text| body.contains(text));
    if is_refused {
        return HttpResponse::UnprocessableEntity().body(format!("unknown status in {body}"));
    }
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let query = request.query_string().to_owned();
    let (signature, timestamp) = (header("x-waypost-signature"), header("x-waypost-timestamp"));
    state.taken.lock().unwrap().push(Posted { query, signature, timestamp, body });
    HttpResponse::Ok().finish()
}
