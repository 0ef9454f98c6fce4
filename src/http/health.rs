//! Health, for monitoring (spec §2): on a listener of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpResponse, HttpServer, web};

use super::error::HttpError;
use super::middleware::{Gate, allowlist};
use crate::store::Store;

/// Whether the server can take calls: told when the store is open, and asked of it afterwards.
#[derive(Clone, Default)]
pub(crate) struct Readiness {
    store: Arc<std::sync::OnceLock<Store>>,
    stopping: Arc<AtomicBool>,
}

impl Readiness {
    pub(crate) fn opened(&self, store: Store) {
        // Told once; a second store would be a defect and changes nothing.
        self.store.set(store).ok();
    }

    pub(crate) fn stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        !self.stopping.load(Ordering::Relaxed) && self.store.get().is_some_and(Store::is_open)
    }
}

/// `/healthz`: the process answers. `/readyz`: the store is open and takes writes.
pub(crate) fn monitoring_server(
    readiness: Readiness,
    gate: Arc<Gate>,
    listener: std::net::TcpListener,
) -> std::io::Result<actix_web::dev::Server> {
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(allowlist::console))
            .app_data(Data::new(readiness.clone()))
            .app_data(Data::from(Arc::clone(&gate)))
            .route("/healthz", web::get().to(healthz))
            .route("/readyz", web::get().to(readyz))
    });
    Ok(server.workers(1).shutdown_timeout(1).disable_signals().listen(listener)?.run())
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

async fn readyz(readiness: Data<Readiness>) -> HttpResponse {
    if readiness.is_ready() {
        HttpResponse::Ok().json(serde_json::json!({ "status": "ready" }))
    } else {
        HttpResponse::ServiceUnavailable().json(serde_json::json!({ "status": "the store takes no writes" }))
    }
}

/// What every unknown path gets.
pub(super) async fn nothing_here() -> Result<HttpResponse, HttpError> {
    Err(HttpError::NotFound)
}
