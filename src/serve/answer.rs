//! What a request is answered.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use parking_lot::Mutex;
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

use super::connection::Answering;
use super::events::Hub;
use super::guard::{Asked, No};
use super::json::{object, Json};
use super::prometheus::{self, Format};
use super::routes::{NoRoute, Route, Wanted};
use super::series::{Part, Series};
use super::view::{self, put_loops, thread_name, Moment, View, Watched};
use super::Config;
use crate::runtime::loops::Loops;
use crate::runtime::registry::{Entry, Registry};
use crate::runtime::uuid;
use didelphis_abi::metrics::MOST_SERIES;
use didelphis_core::inbox::{Command, Fate, NotPut, Receipt};
use didelphis_core::time::Nanos;

/// One that listens somewhere.
pub(super) struct Server {
    config: Config,
    series: Mutex<Series>,
    hub: Arc<Hub>,
}

impl Server {
    pub(super) fn new(config: Config) -> Self {
        let series = Mutex::new(Series::new(MOST_SERIES));
        Server { config, series, hub: Arc::default() }
    }

    /// Answers a request. `answering` is dropped with the answer.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        answering: Answering,
    ) -> Response<Sent> {
        let mut answer = self.choose(&request).await.unwrap_or_else(|answer| *answer);
        let headers = answer.headers_mut();
        for (name, value) in EVERYWHERE {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        if request.body().size_hint().exact() != Some(0) {
            // Nobody reads it, so nothing can come after it.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        answer.map(|body| Sent { body, _answering: answering })
    }

    async fn choose(&self, request: &Request<Incoming>) -> Result<Answer, Box<Answer>> {
        let headers = request.headers();
        let route =
            Route::of(request.method().as_str(), request.uri().path(), request.uri().query());
        let steers = !matches!(request.method().as_str(), "GET" | "HEAD");
        let asked = Asked {
            host: text_of(headers, &header::HOST),
            origin: headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or("")),
            site: text_of(headers, &SEC_FETCH_SITE),
            authorization: headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes),
            steers,
            is_open: route.as_ref().is_ok_and(Route::is_open),
        };
        self.config.guard.check(&asked).map_err(refusal)?;
        if request.body().size_hint().lower() > MOST_BODY {
            let message = "no request needs such a body";
            return Err(Box::new(error(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", message)));
        }
        Ok(match route.map_err(no_route)? {
            Route::Page => page(),
            Route::Metrics => self.metrics(text_of(headers, &header::ACCEPT).unwrap_or("")),
            Route::Health => self.health(),
            Route::Breakers => self.breakers(&view::breakers(Watched::Yes), false),
            Route::Breaker(wanted) => {
                let entries = found(&wanted)?;
                let views: Vec<_> =
                    entries.iter().filter_map(|entry| View::of(entry, Watched::Yes)).collect();
                self.breakers(&views, true)
            }
            Route::Loops => {
                let moment = Moment::now();
                json(StatusCode::OK, |json| {
                    json.key("now").whole(moment.as_day());
                    put_loops(json, moment);
                })
            }
            Route::Events => self.events()?,
            Route::Command(word, command, wanted) => give(word, command, &wanted).await?,
        })
    }

    fn breakers(&self, views: &[View], with_options: bool) -> Answer {
        let moment = Moment::now();
        json(StatusCode::OK, |json| {
            json.key("now").whole(moment.as_day());
            json.key("steering").bool(self.is_steered());
            json.key("breakers").array(views, |json, view| view.put(json, moment, with_options));
        })
    }

    fn is_steered(&self) -> bool {
        self.config.guard.token.is_some()
    }

    fn metrics(&self, accept: &str) -> Answer {
        let format = Format::accepted(accept);
        let views = view::breakers(Watched::No);
        let page = self.series.lock().update(views.iter().map(Part::from));
        let text = prometheus::text(&page, &Loops::global().read(), format);
        let mut answer = Response::new(Content::whole(text));
        set(&mut answer, header::CONTENT_TYPE, format.content_type());
        set(&mut answer, header::VARY, "accept");
        answer
    }

    fn health(&self) -> Answer {
        let limit = self.config.stall_limit;
        let loops = Loops::global().read();
        let stalled = loops.iter().filter(|(_, reading)| as_duration(reading.lag) > limit);
        let stalled = stalled.max_by_key(|(_, reading)| reading.lag);
        let status = match stalled {
            Some(_) => StatusCode::SERVICE_UNAVAILABLE,
            None => StatusCode::OK,
        };
        json(status, |json| {
            json.key("status").string(if stalled.is_some() { "stalled" } else { "ok" });
            if let Some((thread, reading)) = stalled {
                let (thread, seconds) =
                    (thread_name(*thread), as_duration(reading.lag).as_secs_f64());
                json.key("reason").string(&format!(
                    "the event loop of {thread} has been stalled for {seconds:.1} s"
                ));
            }
            json.key("loops").array(&loops, |json, (thread, reading)| {
                json.object(|json| {
                    json.key("thread").string(&thread_name(*thread));
                    json.key("lag").number(reading.lag.as_millis_f64());
                });
            });
        })
    }

    fn events(&self) -> Result<Answer, Box<Answer>> {
        let busy = || {
            let mut answer =
                error(StatusCode::SERVICE_UNAVAILABLE, "BUSY", "as many listen as can be told");
            set(&mut answer, header::RETRY_AFTER, "10");
            Box::new(answer)
        };
        let events = self.hub.join(self.is_steered()).ok_or_else(busy)?;
        let mut answer = Response::new(Content::Events(events));
        set(&mut answer, header::CONTENT_TYPE, "text/event-stream");
        Ok(answer)
    }
}

/// Puts a command, and says what became of it.
async fn give(word: &str, command: Command, wanted: &Wanted) -> Result<Answer, Box<Answer>> {
    let entries = found(wanted)?;
    let given: Vec<_> = entries.iter().map(|entry| (entry, entry.command(command))).collect();
    let waits = |(entry, put): &(&Arc<Entry>, Result<Receipt, NotPut>)| {
        put.as_ref().is_ok_and(|receipt| entry.fate(receipt) == Fate::Waits)
    };
    let began = Instant::now();
    while given.iter().any(waits) && began.elapsed() < WAIT_FOR_LOOP {
        sleep(LOOK_EVERY).await;
    }
    let results: Vec<_> = given
        .iter()
        .map(|(entry, put)| match put {
            Ok(receipt) => match entry.fate(receipt) {
                Fate::Obeyed => (entry, "obeyed"),
                Fate::Gone => (entry, "gone"),
                _ => (entry, "waits"),
            },
            Err(NotPut::Full) => (entry, "full"),
            Err(_) => (entry, "gone"),
        })
        .collect();
    let any = |result| results.iter().any(|(_, other)| *other == result);
    let status = match () {
        () if any("full") => StatusCode::SERVICE_UNAVAILABLE,
        () if any("waits") => StatusCode::ACCEPTED,
        () if any("obeyed") => StatusCode::OK,
        () => StatusCode::NOT_FOUND,
    };
    let mut answer = json(status, |json| {
        json.key("command").string(word);
        json.key("results").array(&results, |json, (entry, result)| {
            json.object(|json| {
                json.key("id").whole(entry.id() as i64);
                json.key("name").string(&wanted.name);
                json.key("thread").string(&thread_name(entry.thread()));
                json.key("result").string(result);
            });
        });
    });
    if any("full") {
        set(&mut answer, header::RETRY_AFTER, "1");
    }
    Ok(answer)
}

/// The breakers that are wanted: at least one.
fn found(wanted: &Wanted) -> Result<Vec<Arc<Entry>>, Box<Answer>> {
    let is_wanted = |entry: &Arc<Entry>| {
        entry.about().names.is_some_and(|names| names.name == wanted.name)
            && wanted.id.is_none_or(|id| entry.id() == id)
            && View::of(entry, Watched::No).is_some()
    };
    let entries: Vec<_> = Registry::global().all().into_iter().filter(is_wanted).collect();
    if entries.is_empty() {
        let message = "there is no breaker of that name";
        return Err(Box::new(error(StatusCode::NOT_FOUND, "NOT_FOUND", message)));
    }
    Ok(entries)
}

fn page() -> Answer {
    let nonce = uuid::random();
    let mut answer = Response::new(Content::whole(PAGE.replace("__NONCE__", &nonce)));
    set(&mut answer, header::CONTENT_TYPE, "text/html; charset=utf-8");
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    set(&mut answer, header::CONTENT_SECURITY_POLICY, &policy);
    answer
}

fn refusal(no: No) -> Box<Answer> {
    Box::new(match no {
        No::Host => {
            let message = "this server is not called so: it is by its IP address, as localhost, and by allowedHosts";
            error(StatusCode::MISDIRECTED_REQUEST, "HOST", message)
        }
        No::Origin => {
            error(StatusCode::FORBIDDEN, "ORIGIN", "this request comes from another page")
        }
        No::SteeringOff => {
            let message = "this server was started without a token, and steers nothing";
            error(StatusCode::FORBIDDEN, "STEERING_OFF", message)
        }
        No::Token => {
            let message = "the token is missing, or wrong: Authorization: Bearer <token>";
            let mut answer = error(StatusCode::UNAUTHORIZED, "TOKEN_NEEDED", message);
            set(&mut answer, header::WWW_AUTHENTICATE, "Bearer");
            answer
        }
    })
}

fn no_route(no: NoRoute) -> Box<Answer> {
    Box::new(match no {
        NoRoute::Unreadable => {
            error(StatusCode::BAD_REQUEST, "BAD_REQUEST", "the path or the id cannot be read")
        }
        NoRoute::Unknown => error(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such path"),
        NoRoute::Method(allowed) => {
            let message = "this path has other methods";
            let mut answer = error(StatusCode::METHOD_NOT_ALLOWED, "METHOD", message);
            set(&mut answer, header::ALLOW, allowed);
            answer
        }
    })
}

fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    json(status, |json| {
        json.key("error").object(|json| {
            json.key("code").string(code);
            json.key("message").string(message);
        });
    })
}

fn json(status: StatusCode, fill: impl FnOnce(&mut Json)) -> Answer {
    let mut answer = Response::new(Content::whole(object(fill)));
    *answer.status_mut() = status;
    set(&mut answer, header::CONTENT_TYPE, "application/json");
    answer
}

fn set(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn as_duration(span: Nanos) -> Duration {
    Duration::from_nanos(span.get())
}

/// An answer that is being made.
type Answer = Response<Content>;

/// An answer as it goes out.
pub(super) struct Sent {
    body: Content,
    _answering: Answering,
}

/// What is in an answer.
pub(super) enum Content {
    Whole(Bytes),
    Events(Receiver<Bytes>),
}

impl Content {
    fn whole(text: String) -> Content {
        Content::Whole(text.into())
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.body {
            Content::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Content::Events(events) => {
                events.poll_recv(cx).map(|event| event.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.body, Content::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Events(_) => SizeHint::default(),
        }
    }
}

const PAGE: &str = include_str!("page.html");

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Headers of every answer that says nothing else.
const EVERYWHERE: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// In bytes.
const MOST_BODY: u64 = 1_024;

/// How long a command is waited for.
const WAIT_FOR_LOOP: Duration = Duration::from_millis(250);
const LOOK_EVERY: Duration = Duration::from_millis(5);
