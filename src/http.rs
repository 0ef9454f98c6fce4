//! The HTTP surface: thin handlers over the use cases (spec §2).
//!
//! Public paths are typed into SFMC by hand: they work with and without a trailing slash, without redirects, and never
//! change between versions.

mod activities;
mod assets;
mod error;
mod health;
mod left_out;
mod middleware;
mod webhooks;

use std::sync::Arc;

use actix_web::middleware::{DefaultHeaders, NormalizePath, TrailingSlash};
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};

use crate::config::FrameHosts;
use crate::intake::{Intake, Lifecycle};
use crate::pages::configuration::Configurations;
use crate::pages::figures::Figures;
use crate::pages::message_form::MessageForms;
use crate::pages::preview::Previews;
use crate::pages::session::Sessions;
use crate::pages::test_send::TestSends;
use crate::reporting::inbox::Inbox;
use crate::reporting::lookup::Lookup;
use crate::reporting::recorder::Recorder;
use crate::sfmc::activity::ActivitySettings;

pub(crate) use health::{Readiness, monitoring_server};
pub(crate) use left_out::LeftOut;
pub(crate) use middleware::{Allowlists, Gate, SeenPeer, Surface};

/// What the handlers work with: each takes the one it needs.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) intake: Arc<Intake>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) lookup: Arc<Lookup>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) activity_settings: ActivitySettings,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) configurations: Arc<Configurations>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) message_forms: Arc<MessageForms>,
    pub(crate) previews: Arc<Previews>,
    pub(crate) test_sends: Arc<TestSends>,
    /// Who may frame the pages.
    pub(crate) frame_hosts: FrameHosts,
    pub(crate) gate: Arc<Gate>,
    pub(crate) left_out: Arc<LeftOut>,
    /// Largest body that is read, in bytes.
    pub(crate) body_bytes_max: usize,
}

/// A server for the activities and webhooks on a socket that is already bound.
pub(crate) fn public_server(
    services: Services,
    listener: std::net::TcpListener,
    workers: usize,
    stop_timeout_secs: u64,
) -> std::io::Result<actix_web::dev::Server> {
    let server = HttpServer::new(move || {
        let services = services.clone();
        App::new()
            .wrap(NormalizePath::new(TrailingSlash::Trim))
            .wrap(
                DefaultHeaders::new()
                    .add(("X-Content-Type-Options", "nosniff"))
                    .add(("Referrer-Policy", "no-referrer"))
                    .add(("Cache-Control", "no-store")),
            )
            .app_data(web::PayloadConfig::new(services.body_bytes_max))
            .app_data(Data::from(services.intake))
            .app_data(Data::from(services.lifecycle))
            .app_data(Data::from(services.inbox))
            .app_data(Data::from(services.lookup))
            .app_data(Data::from(services.recorder))
            .app_data(Data::new(services.activity_settings))
            .app_data(Data::from(services.sessions))
            .app_data(Data::from(services.configurations))
            .app_data(Data::from(services.figures))
            .app_data(Data::from(services.message_forms))
            .app_data(Data::from(services.previews))
            .app_data(Data::from(services.test_sends))
            .app_data(Data::new(services.frame_hosts))
            .configure(activities::pages::routes)
            .app_data(Data::from(services.gate))
            .app_data(Data::from(services.left_out))
            .configure(activities::routes)
            .configure(|config| webhooks::routes(config, services.body_bytes_max))
            .default_service(web::to(health::nothing_here))
    });
    Ok(server.workers(workers).shutdown_timeout(stop_timeout_secs).disable_signals().listen(listener)?.run())
}
