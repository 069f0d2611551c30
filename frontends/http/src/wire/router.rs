//! Every path there is, on one page.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};

use super::{Fault, Outcome};
use crate::App;
use crate::documents::{bulk, one, several};
use crate::indices::{create, mapping, show};
use crate::node::{cat, cluster, console, health, info};
use crate::searching::{analyze, search};

/// The table of paths.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(info::hello))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/_stele/status", get(health::status))
        .route("/_stele/console", get(console::console))
        .route("/_cluster/health", get(cluster::health))
        .route("/_cluster/health/{index}", get(cluster::health))
        .route("/_cat/indices", get(cat::indices))
        .route("/_cat/indices/{index}", get(cat::indices))
        .route("/_cat/health", get(cat::health))
        .route("/_cat/nodes", get(cat::nodes))
        .route("/_analyze", both(analyze::analyze))
        .route("/{index}/_analyze", both(analyze::analyze))
        .route("/_bulk", post(bulk::bulk).put(bulk::bulk))
        .route("/{index}/_bulk", post(bulk::bulk).put(bulk::bulk))
        .route("/_mget", both(several::mget))
        .route("/{index}/_mget", both(several::mget))
        .route("/_search", both(search::search))
        .route("/{index}/_search", both(search::search))
        .route("/_count", both(search::count))
        .route("/{index}/_count", both(search::count))
        .route("/_refresh", both(search::refresh))
        .route("/{index}/_refresh", both(search::refresh))
        .route("/_mapping", get(mapping::get))
        .route(
            "/{index}/_mapping",
            get(mapping::get).put(mapping::put).post(mapping::put),
        )
        .route(
            "/{index}",
            put(create::create)
                .delete(create::delete)
                .get(show::get)
                .head(show::exists),
        )
        .route("/{index}/_doc", post(one::create_unnamed))
        .route(
            "/{index}/_doc/{id}",
            put(one::index)
                .post(one::index)
                .get(one::get)
                .delete(one::delete),
        )
        .route("/{index}/_create/{id}", put(one::create).post(one::create))
        .route("/{index}/_source/{id}", get(one::source))
        .route("/{index}/_update/{id}", post(one::update))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(app.clone(), signed))
        .with_state(app)
}

/// Asked with a body, which some clients can only send by POST.
fn both<H, T>(handler: H) -> MethodRouter<App>
where
    H: axum::handler::Handler<T, App>,
    T: 'static,
{
    get(handler.clone()).post(handler)
}

async fn unknown(request: Request) -> Outcome {
    let (method, path) = (request.method(), request.uri().path());
    Err(Fault::argument(format!(
        "no handler found for uri [{path}] and method [{method}]"
    )))
}

async fn wrong_method(request: Request) -> Outcome {
    let (method, path) = (request.method(), request.uri().path());
    Err(Fault::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "illegal_argument_exception",
        format!("Incorrect HTTP method for uri [{path}] and method [{method}]"),
    ))
}

/// Counts a request, and says on its answer what clients look for: who answers, in the
/// media type they asked for.
async fn signed(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = app.db.now_us();
    let wanted = media_type(&request);
    let mut response = next.run(request).await.into_response();
    let headers = response.headers_mut();
    headers.insert(
        "x-elastic-product",
        HeaderValue::from_static("Elasticsearch"),
    );
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json");
    if let (true, Some(wanted)) = (is_json, wanted) {
        headers.insert(header::CONTENT_TYPE, wanted);
    }
    app.meters.answered(
        response.status().as_u16(),
        app.db.now_us().saturating_sub(began),
    );
    response
}

/// `application/vnd.elasticsearch+json;compatible-with=9`, if that is what was asked for.
fn media_type(request: &Request) -> Option<HeaderValue> {
    let accept = request.headers().get(header::ACCEPT)?.to_str().ok()?;
    let vendor = accept
        .split(',')
        .map(str::trim)
        .find(|kind| kind.starts_with("application/vnd.elasticsearch+json"))?;
    let version = vendor
        .rsplit_once("compatible-with=")
        .map(|(_, version)| version.trim());
    let version = version.filter(|version| version.bytes().all(|byte| byte.is_ascii_digit()))?;
    HeaderValue::from_str(&format!(
        "application/vnd.elasticsearch+json;compatible-with={version}"
    ))
    .ok()
}
