//! Where unpredictable numbers come from, so that the simulation can repeat a run.
//!
//! For spread and for ids only: keys and nonces of ciphers come straight from the system's generator.

/// A source of random numbers.
pub(crate) trait Random: Send + Sync + 'static {
    /// Uniform over all values.
    fn number(&self) -> u64;

    /// Uniform over all values, for the spread of pauses.
    fn jitter(&self) -> u8 {
        self.number().to_be_bytes()[0]
    }
}

/// The system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn number(&self) -> u64 {
        rand::random()
    }
}
