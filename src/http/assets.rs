//! Style sheets, scripts and pictures of the pages, all in the binary: nothing is loaded from other hosts.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::web::Path;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::error::HttpError;

/// Where they are served, followed by the version.
const PREFIX: &str = "/activities/assets";
/// Bytes of the hash that make a version.
const VERSION_BYTES: usize = 9;

struct Asset {
    /// Below the version.
    path: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($path:literal),* $(,)?) => {
        const ASSETS: &[Asset] = &[$(Asset {
            path: $path,
            bytes: include_bytes!(concat!("../../assets/", $path)),
        }),*];
    };
}

// `tests/it/tidy.rs` compares this list with the folders.
assets! {
    "css/preview.css",
    "icons/activity.svg",
}

/// One version for all of them, by their bytes: modules import each other by relative addresses, so what belongs
/// together is loaded together.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in ASSETS {
        hash.update(asset.path);
        hash.update([0]);
        hash.update(asset.bytes);
    }
    let hash = hash.finalize();
    BASE64_URL_SAFE_NO_PAD.encode(hash.get(..VERSION_BYTES).unwrap_or(&hash))
});

/// What addresses of this version's assets begin with, without trailing slash.
pub(super) fn base() -> String {
    format!("{PREFIX}/{}", *VERSION)
}

/// The route of all of them.
pub(super) fn route() -> String {
    format!("{PREFIX}/{{version}}/{{path:.+}}")
}

/// A page that was opened before an upgrade still asks for the old version: it gets what there is now, and keeps none
/// of it.
pub(super) async fn asset(place: Path<(String, String)>) -> Result<HttpResponse, HttpError> {
    let (version, path) = place.into_inner();
    let asset = ASSETS.iter().find(|asset| asset.path == path).ok_or(HttpError::NotFound)?;
    let kind = match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let keep = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-store" };
    Ok(HttpResponse::Ok().content_type(kind).insert_header(("Cache-Control", keep)).body(asset.bytes))
}
