//! The HTTP face both stand-ins share: listening, faults, recording, closing connections without an answer.

use std::any::Any;
use std::fmt;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::{Extensions, ServerHandle};
use actix_web::http::{KeepAlive, StatusCode};
use actix_web::rt::net::TcpStream as ActixStream;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::control;
use super::faults::FaultKind;
use super::infobip::InfobipWorld;
use super::journey_builder;
use super::record::Recorder;
use super::sfmc::SfmcWorld;
use crate::clock::Clock;

/// Larger bodies are answered 413. Above Infobip's largest published limit (10 MB, RCS).
const BODY_BYTES_MAX: usize = 12 << 20;
/// Longer than any client's pool keeps a connection, so that the stand-in never closes one as it is reused.
const KEEP_ALIVE: Duration = Duration::from_secs(300);

/// One request, read completely.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: String,
    /// As sent, still percent-encoded, without the query.
    pub(super) path: String,
    pub(super) query: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Call {
    fn new(request: &HttpRequest, body: Bytes) -> Self {
        let headers = request.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        Self {
            method: request.method().as_str().to_owned(),
            path: request.uri().path().to_owned(),
            query: request.query_string().to_owned(),
            headers: headers.collect(),
            body,
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn path_and_query(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The path's segments, percent-decoded.
    pub(super) fn segments(&self) -> Vec<String> {
        self.path.trim_matches('/').split('/').map(decode).collect()
    }

    /// Every value of a query parameter, in order.
    pub(super) fn query_values(&self, name: &str) -> Vec<String> {
        let Ok(url) = reqwest::Url::parse(&format!("http://sandbox/?{}", self.query)) else { return Vec::new() };
        url.query_pairs().filter(|(known, _)| known == name).map(|(_, value)| value.into_owned()).collect()
    }

    pub(super) fn query_value(&self, name: &str) -> Option<String> {
        self.query_values(name).into_iter().next()
    }

    pub(super) fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

/// Percent-decodes; what is not valid UTF-8 afterwards becomes replacement characters.
pub(super) fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// What a platform answers.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/json", headers: Vec::new(), body: body.to_string().into_bytes() }
    }

    /// A part of a page.
    pub(super) fn text(content_type: &'static str, body: &str) -> Self {
        Self { status: 200, content_type, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    pub(super) fn xml(status: u16, body: String) -> Self {
        Self { status, content_type: "text/xml; charset=utf-8", headers: Vec::new(), body: body.into_bytes() }
    }

    #[must_use]
    pub(super) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    fn into_response(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        response.content_type(self.content_type);
        for header in self.headers {
            response.insert_header(header);
        }
        response.body(self.body)
    }
}

/// Which platform a listener plays.
#[derive(Clone)]
pub(super) enum Platform {
    Sfmc(SfmcWorld),
    Infobip(InfobipWorld),
}

impl Platform {
    fn name(&self) -> &'static str {
        match self {
            Self::Sfmc(_) => "sfmc",
            Self::Infobip(_) => "infobip",
        }
    }

    fn faults(&self) -> &super::faults::Faults {
        match self {
            Self::Sfmc(world) => world.faults(),
            Self::Infobip(world) => world.faults(),
        }
    }

    fn answer(&self, call: &Call, fault: Option<&FaultKind>) -> Reply {
        match self {
            Self::Sfmc(world) => world.answer(call, fault),
            Self::Infobip(world) => world.answer(call, fault),
        }
    }
}

/// Everything one listener needs for a request.
struct Front {
    platform: Platform,
    recorder: Arc<Recorder>,
    clock: Arc<dyn Clock>,
}

/// A listener that can be taken down and brought up again on the same address.
pub(super) struct Listener {
    pub(super) address: SocketAddr,
    front: web::Data<Front>,
    handle: Mutex<ServerHandle>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Listener {
    /// Starts to serve on `socket`. The server runs until [`Listener::stop`].
    pub(super) fn start(
        socket: TcpListener,
        platform: Platform,
        recorder: Arc<Recorder>,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let address = socket.local_addr()?;
        let front = web::Data::new(Front { platform, recorder, clock });
        let handle = Mutex::new(serve(socket, front.clone())?);
        Ok(Self { address, front, handle })
    }

    /// Closes the listener and every connection; connecting is refused from then on.
    pub(super) async fn stop(&self) {
        let stopped = self.lock().stop(false);
        stopped.await;
    }

    /// Serves again on the same address.
    pub(super) fn restart(&self) -> std::io::Result<()> {
        let handle = serve(TcpListener::bind(self.address)?, self.front.clone())?;
        *self.lock() = handle;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, ServerHandle> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listener {
    /// A sandbox that was not stopped must not leave its threads and sockets behind.
    fn drop(&mut self) {
        // The order to stop is given by the call; nobody is left to wait for its end.
        drop(self.lock().stop(false));
    }
}

fn serve(socket: TcpListener, front: web::Data<Front>) -> std::io::Result<ServerHandle> {
    let server = HttpServer::new(move || {
        let app = App::new().app_data(front.clone());
        app.default_service(web::to(handle))
    })
    .workers(1)
    .disable_signals()
    .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
    .client_request_timeout(Duration::ZERO)
    .client_disconnect_timeout(Duration::ZERO)
    .shutdown_timeout(1)
    .on_connect(remember_socket)
    .listen(socket)?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(handle)
}

/// A second handle on the connection, to close it under the server.
struct Connection(TcpStream);

fn remember_socket(connection: &dyn Any, extensions: &mut Extensions) {
    use std::os::fd::AsFd as _;
    let Some(stream) = connection.downcast_ref::<ActixStream>() else { return };
    if let Ok(descriptor) = stream.as_fd().try_clone_to_owned() {
        extensions.insert(Connection(TcpStream::from(descriptor)));
    }
}

async fn handle(request: HttpRequest, payload: web::Payload, front: web::Data<Front>) -> HttpResponse {
    let path = request.uri().path().to_owned();
    let is_control = path.starts_with(control::PREFIX);
    let host_page = match &front.platform {
        Platform::Sfmc(world) if journey_builder::is_page(&path) => Some(world.clone()),
        _ => None,
    };
    let verdict =
        if is_control || host_page.is_some() { Default::default() } else { front.platform.faults().take(&path) };
    if let Some(delay) = verdict.delay {
        front.clock.sleep(delay).await;
    }
    if verdict.fault == Some(FaultKind::ResetBeforeReading) {
        return reset(&request);
    }
    let body = match payload.to_bytes_limited(BODY_BYTES_MAX).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return HttpResponse::BadRequest().finish(),
        Err(_) => return HttpResponse::PayloadTooLarge().finish(),
    };
    let call = Call::new(&request, body);
    if is_control {
        return control::answer(&front.platform, call).await.into_response();
    }
    if let Some(world) = host_page {
        return journey_builder::answer(world, call).await.into_response();
    }
    if front.recorder.is_on() {
        front.recorder.write(front.platform.name(), &call);
    }
    match verdict.fault {
        Some(FaultKind::ResetMidway) => {
            drop(front.platform.answer(&call, None));
            reset(&request)
        }
        fault => front.platform.answer(&call, fault.as_ref()).into_response(),
    }
}

/// Closes the connection in both directions before the server can write: the client sees it end without an answer.
///
/// A response body that fails does the same by way of the server's internals, but makes it log an error.
fn reset(request: &HttpRequest) -> HttpResponse {
    if let Some(Connection(stream)) = request.conn_data::<Connection>()
        && let Err(error) = stream.shutdown(Shutdown::Both)
    {
        // The client was faster; it sees what it asked to see.
        tracing::debug!(%error, "the connection was closed already");
    }
    HttpResponse::InternalServerError().force_close().finish()
}
