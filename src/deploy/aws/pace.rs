//! How often something is asked for that takes from milliseconds to minutes: often at first, then
//! ever more rarely, so that what is quick is seen at once and what is slow is not asked to death.

use std::time::Duration;

use tokio::time::sleep;

/// The first pause.
const FIRST: Duration = Duration::from_millis(20);
/// The longest pause; AWS allows a few such calls a second to a whole account.
const LONGEST: Duration = Duration::from_secs(3);

/// A growing pause.
#[derive(Debug, Clone)]
pub struct Pace {
    next: Duration,
}

impl Pace {
    /// A pace that begins quickly.
    pub fn new() -> Self {
        Self { next: FIRST }
    }

    /// Waits, and longer the next time.
    pub async fn wait(&mut self) {
        let pause = self.take();
        sleep(pause).await;
    }

    fn take(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 3 / 2).min(LONGEST);
        pause
    }

    /// Slows down at once: somebody said that it is too much.
    pub fn slow_down(&mut self) {
        self.next = (self.next * 4).clamp(Duration::from_millis(500), LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_often_in_the_first_second_and_rarely_in_the_tenth_minute() {
        let mut pace = Pace::new();
        let mut passed = Duration::ZERO;
        let mut asked = 0;
        while passed < Duration::from_secs(1) {
            passed += pace.take();
            asked += 1;
        }
        assert!((6..=10).contains(&asked), "{asked}");
        while passed < Duration::from_secs(600) {
            passed += pace.take();
            asked += 1;
        }
        assert!(asked < 230, "{asked}");
        assert_eq!(pace.take(), LONGEST);
    }
}
