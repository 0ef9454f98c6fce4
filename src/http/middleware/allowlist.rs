//! Allowlists of addresses (spec T7): off where a list is empty. Whoever calls is remembered either way, so that an admin
//! can build one.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest, ResponseError as _};

use super::peers::{Ended, Peers, SeenPeer};
use crate::clock::Clock;
use crate::domain::networks::{Caller, Networks, caller};
use crate::http::error::HttpError;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// What is reached from outside, each with a list of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Surface {
    Activities,
    Webhooks,
    /// The listener of monitoring.
    Console,
}

impl Surface {
    pub(crate) const ALL: [Self; 3] = [Self::Activities, Self::Webhooks, Self::Console];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Activities => "activities",
            Self::Webhooks => "webhooks",
            Self::Console => "console",
        }
    }
}

/// Who may call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowlists {
    pub(crate) activities: Networks,
    pub(crate) webhooks: Networks,
    pub(crate) console: Networks,
    /// Whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Networks,
}

/// Lets calls pass or not, and remembers who has called.
pub(crate) struct Gate {
    lists: Allowlists,
    clock: Arc<dyn Clock>,
    peers: [Mutex<Peers>; 3],
}

impl Gate {
    pub(crate) fn new(lists: Allowlists, clock: Arc<dyn Clock>) -> Self {
        Self { lists, clock, peers: Default::default() }
    }

    /// The addresses that have called a surface since the start, the last seen first.
    pub(crate) fn seen(&self, surface: Surface) -> Vec<(IpAddr, SeenPeer)> {
        self.peers(surface).all()
    }

    /// Calls of a surface that were refused since the start.
    pub(crate) fn refused(&self, surface: Surface) -> u64 {
        self.peers(surface).refused()
    }

    /// Whether the surface's list has the address; `None` when there is no list.
    pub(crate) fn lists(&self, surface: Surface, address: IpAddr) -> Option<bool> {
        let list = match surface {
            Surface::Activities => &self.lists.activities,
            Surface::Webhooks => &self.lists.webhooks,
            Surface::Console => &self.lists.console,
        };
        (!list.is_empty()).then(|| list.contain(address))
    }

    fn peers(&self, surface: Surface) -> MutexGuard<'_, Peers> {
        let [activities, webhooks, console] = &self.peers;
        let peers = match surface {
            Surface::Activities => activities,
            Surface::Webhooks => webhooks,
            Surface::Console => console,
        };
        peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who calls: the connection's peer, or what a trusted proxy says.
    fn caller(&self, request: &HttpRequest) -> Option<Caller> {
        let peer = request.peer_addr()?.ip();
        let mut headers: Vec<_> = request.headers().get_all(FORWARDED_FOR).collect();
        headers.reverse();
        // As bytes: what is no text anywhere in it must not hide what the proxy has added at its end.
        let hops = headers.into_iter().flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
        Some(caller(peer, hops, &self.lists.trusted_proxies))
    }
}

/// The caller's address is on the allowlist of what it calls; there is one.
#[derive(Clone, Copy)]
struct Allowlisted;

/// Whether the call's address has been found on an allowlist.
pub(in crate::http) fn is_allowlisted(request: &HttpRequest) -> bool {
    request.extensions().get::<Allowlisted>().is_some()
}

/// For the activities' scopes: the calls of SFMC's servers. What a marketer's browser loads (config.json, pages,
/// pictures) holds no secret and comes from anywhere, and what its pages ask is asked with a session.
pub(in crate::http) async fn activities<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if request.method() != Method::POST {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    pass(Surface::Activities, request, next).await
}

/// For the webhooks' scope.
pub(in crate::http) async fn webhooks<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    pass(Surface::Webhooks, request, next).await
}

/// For the listener of monitoring.
pub(in crate::http) async fn console<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    pass(Surface::Console, request, next).await
}

async fn pass<B: MessageBody>(
    surface: Surface,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let gate = request.app_data::<Data<Gate>>().cloned();
    // Without an address there is nobody to let in; a server on sockets always has one.
    let known = gate.and_then(|gate| gate.caller(request.request()).map(|caller| (gate, caller)));
    let Some((gate, caller)) = known else { return Ok(refused(request)) };
    let (address, listed) = match caller {
        Caller::Known(address) => (address, gate.lists(surface, address)),
        // It counts as the proxy's call, but is on no list: where there is one, it does not pass.
        Caller::Behind(proxy) => (proxy, gate.lists(surface, proxy).map(|_| false)),
    };
    if listed == Some(false) {
        if gate.peers(surface).count(address, Ended::Refused, gate.clock.now()) {
            tracing::warn!(%address, surface = surface.name(),
                "A caller that is not on the allowlist was refused (403); waypost peers lists all");
        }
        return Ok(refused(request));
    }
    if listed == Some(true) {
        request.extensions_mut().insert(Allowlisted);
    }
    let answer = next.call(request).await;
    let has_succeeded = answer.as_ref().is_ok_and(|answer| answer.status().is_success());
    let ended = if has_succeeded { Ended::Succeeded } else { Ended::Failed };
    gate.peers(surface).count(address, ended, gate.clock.now());
    Ok(answer?.map_into_left_body())
}

fn refused<B>(request: ServiceRequest) -> ServiceResponse<EitherBody<B>> {
    request.into_response(HttpError::NotAllowed.error_response()).map_into_right_body()
}
