//! The few things a connection does that nobody waits for.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{runtime::Handle, task::JoinSet, time::timeout};

/// As many tasks may run at once; more are left out.
const LIMIT: usize = 64;

/// How long the end of a connection waits for what the server has yet to be told.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Tasks that end with the connection: the GET stream, bodies read to their end; and cancellations, which end before it does.
#[derive(Debug)]
pub(crate) struct Background {
    handle: Handle,
    tasks: Mutex<JoinSet<()>>,
    notices: Mutex<JoinSet<()>>,
}

impl Background {
    /// Must be called inside a tokio runtime.
    pub(crate) fn new() -> Self {
        Self { handle: Handle::current(), tasks: Mutex::default(), notices: Mutex::default() }
    }

    /// Runs `task`; also called where there is no runtime, in a drop.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.add(&self.tasks, task);
    }

    /// Runs a task that tells the server something, and must have a bound of its own; it may outlive the connection.
    pub(crate) fn spawn_notice(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.add(&self.notices, task);
    }

    fn add(&self, to: &Mutex<JoinSet<()>>, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(to);
        while tasks.try_join_next().is_some() {}
        if tasks.len() < LIMIT {
            tasks.spawn_on(task, &self.handle);
        } else {
            tracing::debug!("too much to do in the background; one thing was left out");
        }
    }

    /// Runs a task that outlives the connection. It must have a bound of its own.
    pub(crate) fn spawn_last(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    /// Ends all tasks, once the server has been told what was on its way, or a second later.
    pub(crate) async fn stop(&self) {
        let mut notices = std::mem::take(&mut *lock(&self.notices));
        let _ = timeout(LAST_WORDS, async { while notices.join_next().await.is_some() {} }).await;
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.shutdown().await;
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        lock(&self.notices).detach_all();
    }
}

fn lock(tasks: &Mutex<JoinSet<()>>) -> MutexGuard<'_, JoinSet<()>> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
    };

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_end_waits_for_what_the_server_is_told_but_not_for_ever() {
        let background = Background::new();
        let told = Arc::<AtomicBool>::default();
        let tells = Arc::clone(&told);
        background.spawn_notice(async move {
            sleep(LAST_WORDS / 2).await;
            tells.store(true, Ordering::Relaxed);
        });
        background.spawn_notice(pending());
        background.spawn(pending());
        let began = Instant::now();
        background.stop().await;
        assert!(told.load(Ordering::Relaxed), "the notice was cut off");
        assert_eq!(began.elapsed().as_secs(), LAST_WORDS.as_secs());
    }
}
