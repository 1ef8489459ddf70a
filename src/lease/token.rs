//! Leases that end when a [`CancellationToken`] is cancelled.
//!
//! A token calls nobody: it wakes tasks. So each bound lease has a task that waits, and that is aborted when the lease
//! ends first. (A waker of our own would need no task, but tokens may wake under their lock, where an action that
//! looks at the token would stand still.)

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::Lease;

/// Dropped when the lease ends, or is kept: nobody waits for the token any more.
struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<K, V, S> Lease<K, V, S>
where
    K: Send + Sync,
    V: Send + Sync,
    S: Send + Sync,
{
    /// Ends the lease when `token` is cancelled: by a task of `runtime`, which runs the actions too, or here, if the
    /// token has been cancelled already. Feature `tokio`.
    ///
    /// A task for each lease and token; it ends when the lease does, or is kept.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// use splitmap::HashMap;
    /// use tokio::runtime::Handle;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (map, token) = (Arc::new(HashMap::new()), CancellationToken::new());
    /// let (ended, has_ended) = tokio::sync::oneshot::channel();
    /// let _lease = map
    ///     .lease("a", 1)
    ///     .on_end(|_| drop(ended.send(())))
    ///     .bind(&token, &Handle::current());
    /// token.cancel();
    /// has_ended.await.unwrap();
    /// assert!(map.get("a").is_none());
    /// # }
    /// ```
    pub fn bind(self, token: &CancellationToken, runtime: &Handle) -> Self {
        let canceller = self.canceller();
        if token.is_cancelled() {
            canceller.cancel();
            return self;
        }
        let token = token.clone();
        let task = runtime.spawn(async move {
            token.cancelled().await;
            canceller.cancel();
        });
        // If the lease has ended meanwhile, the watch is dropped here.
        let _ = self.core.add(Watch(task.abort_handle()), |duties, watch| {
            duties.bind(watch);
        });
        self
    }
}
