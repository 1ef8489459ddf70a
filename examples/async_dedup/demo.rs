//! A slow backend, and many requests for it.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::flight::Flights;

/// How long the backend takes.
const LATENCY: Duration = Duration::from_millis(200);

/// A page, or why there is none. Not `Clone`: all who ask at the same time read the same one.
type Pages = Flights<String, String, NoSuchPage>;

#[derive(Debug)]
struct NoSuchPage {
    path: String,
}

/// A backend and the flights to it.
#[derive(Clone)]
struct Site {
    pages: Arc<Pages>,
    fetched: Arc<AtomicUsize>,
    /// Requests that got what another one had fetched.
    shared: Arc<AtomicUsize>,
}

/// Shows and checks everything; whether it all came as it should.
pub(crate) async fn run() -> bool {
    let shown = [
        shared_value().await,
        shared_error().await,
        cancelled_leader().await,
        panicking_leader().await,
    ];
    shown == [true; 4]
}

async fn shared_value() -> bool {
    let site = Site::new();
    let paths = ["/", "/news", "/about"];
    let requests = (0..300).map(|n| site.request(paths[n % paths.len()]));
    let pages = outcomes(requests).await.into_iter().flatten();
    report("300 requests for 3 pages", pages.count(), 300, &site, 3)
}

async fn shared_error() -> bool {
    let site = Site::new();
    let requests = (0..100).map(|_| site.request("/missing"));
    let errors = outcomes(requests).await.into_iter();
    let same = errors.filter(|error| *error == Err("no page /missing".into()));
    report("100 requests share an error", same.count(), 100, &site, 1)
}

async fn cancelled_leader() -> bool {
    let site = Site::new();
    let leader = timeout(LATENCY / 4, site.get("/"));
    let others = async {
        sleep(LATENCY / 8).await;
        outcomes((0..100).map(|_| site.request("/"))).await
    };
    let (leader, others) = tokio::join!(leader, others);
    let pages = others.into_iter().flatten().count();
    let served = if leader.is_err() { pages } else { 0 };
    report(
        "100 requests outlive a cancelled one",
        served,
        100,
        &site,
        2,
    )
}

async fn panicking_leader() -> bool {
    let site = Site::new();
    let leader = tokio::spawn({
        let site = site.clone();
        async move {
            let fall = || async {
                sleep(LATENCY / 4).await;
                panic!("this request panics on purpose")
            };
            site.pages.run("/".into(), fall).await.is_ok()
        }
    });
    sleep(LATENCY / 8).await;
    let others = outcomes((0..100).map(|_| site.request("/"))).await;
    let pages = others.into_iter().flatten().count();
    let panicked = leader.await.is_err_and(|error| error.is_panic());
    let served = if panicked { pages } else { 0 };
    report(
        "100 requests outlive a panicking one",
        served,
        100,
        &site,
        1,
    )
}

/// Prints a line; whether as many were `served` and pages fetched as should be, and no flight is left.
fn report(what: &str, served: usize, wanted: usize, site: &Site, fetches_wanted: usize) -> bool {
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    let (fetched, shared, left) = (count(&site.fetched), count(&site.shared), site.pages.len());
    let right = (served, fetched, left) == (wanted, fetches_wanted, 0);
    let verdict = if right { "" } else { "  WRONG" };
    println!(
        "{what}: {served} served, {fetched} fetched, {shared} shared, {left} left over{verdict}"
    );
    right
}

/// What all requests came to: a page's text, or an error's.
async fn outcomes(
    requests: impl Iterator<Item = JoinHandle<Result<String, String>>>,
) -> Vec<Result<String, String>> {
    let requests: Vec<_> = requests.collect(); // all begin now
    let mut outcomes = Vec::new();
    for request in requests {
        outcomes.push(request.await.unwrap_or_else(|error| Err(error.to_string())));
    }
    outcomes
}

impl Site {
    fn new() -> Self {
        Self {
            pages: Arc::new(Pages::new()),
            fetched: Arc::default(),
            shared: Arc::default(),
        }
    }

    /// A request in a task of its own.
    fn request(&self, path: &'static str) -> JoinHandle<Result<String, String>> {
        let site = self.clone();
        tokio::spawn(async move { site.get(path).await })
    }

    async fn get(&self, path: &str) -> Result<String, String> {
        let landed = self.pages.run(path.into(), || self.fetch(path)).await;
        // ORD Relaxed, here and below: counts.
        self.shared
            .fetch_add(usize::from(!landed.led()), Ordering::Relaxed);
        // A server would write the page out here, from where it stands.
        match &*landed {
            Ok(page) => Ok(page.clone()),
            Err(NoSuchPage { path }) => Err(format!("no page {path}")),
        }
    }

    async fn fetch(&self, path: &str) -> Result<String, NoSuchPage> {
        self.fetched.fetch_add(1, Ordering::Relaxed);
        sleep(LATENCY).await;
        match path {
            "/" | "/news" | "/about" => Ok(format!("<h1>{path}</h1>")),
            _ => Err(NoSuchPage { path: path.into() }),
        }
    }
}
