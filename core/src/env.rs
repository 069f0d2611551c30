//! The seam to the world: clock, randomness, sleep. Nothing else in the core
//! may ask what time it is or roll dice, so that a simulation can answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a node asks of its surroundings.
pub trait Env: Send + Sync + 'static {
    /// Wall clock, microseconds since the Unix epoch.
    fn now_us(&self) -> u64;
    /// Sixty-four random bits.
    fn random(&self) -> u64;
    /// Resolves after a while.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// Shared handle to the surroundings.
pub type SharedEnv = Arc<dyn Env>;

/// The machine's own clock and dice.
#[derive(Debug, Default)]
pub struct RealEnv;

impl Env for RealEnv {
    #[allow(clippy::disallowed_methods)] // this is the seam the ban points to
    fn now_us(&self) -> u64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }

    #[allow(clippy::disallowed_methods)]
    fn random(&self) -> u64 {
        rand::random()
    }

    #[allow(clippy::disallowed_methods)]
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock that moves only when told, and dice with a seed.
#[derive(Debug)]
pub struct SimulatedEnv {
    now_us: AtomicU64,
    seed: AtomicU64,
}

impl SimulatedEnv {
    /// Starts at `now_us`, with dice from `seed`.
    pub fn new(now_us: u64, seed: u64) -> Self {
        Self {
            now_us: AtomicU64::new(now_us),
            seed: AtomicU64::new(seed),
        }
    }

    /// Moves the clock, forwards or backwards.
    pub fn set_us(&self, now_us: u64) {
        self.now_us.store(now_us, Ordering::SeqCst);
    }
}

impl Env for SimulatedEnv {
    fn now_us(&self) -> u64 {
        self.now_us.load(Ordering::SeqCst)
    }

    fn random(&self) -> u64 {
        // SplitMix64: every draw is a function of how many came before it.
        let mut z = self
            .seed
            .fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst)
            .wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.now_us.fetch_add(
            u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            Ordering::SeqCst,
        );
        Box::pin(std::future::ready(()))
    }
}

/// Starts a task. The one place in the core that does, besides the log.
#[allow(clippy::disallowed_methods)]
pub fn spawn<F>(task: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(task)
}
