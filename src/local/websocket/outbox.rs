//! What waits to be sent on a connection: bounded by bytes, filled from anywhere, emptied by the
//! connection's own task.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::close::End;

/// A queue that has grown beyond this many places gives its memory back when it is empty again.
const KEPT_PLACES: usize = 64;

/// What keeping a message costs beside its bytes, so that many empty ones fill a queue as well.
const PLACE_BYTES: usize = 64;

/// Why a message was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The client reads too slowly.
    Full,
    /// The connection has ended.
    Ended,
}

/// The queue. Its mutex is a std one: no step of it waits.
#[derive(Debug, Default)]
pub struct Outbox(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Utf8Bytes>,
    bytes: usize,
    /// Set once; nothing is queued after that.
    end: Option<End>,
    /// The task that waits for something to send.
    waker: Option<Waker>,
}

impl Outbox {
    /// Queues a text, in the order of the calls.
    ///
    /// # Errors
    /// More than `limit` bytes would wait, or the connection has ended.
    pub fn post(&self, text: Utf8Bytes, limit: usize) -> Result<(), Refused> {
        let mut state = self.state();
        let bytes = state.bytes + text.len() + PLACE_BYTES;
        if state.end.is_some() {
            return Err(Refused::Ended);
        }
        // An empty queue takes any message: a post may be as long as the limit of posts.
        if bytes > limit && !state.queue.is_empty() {
            return Err(Refused::Full);
        }
        state.bytes = bytes;
        state.queue.push_back(text);
        wake(state);
        Ok(())
    }

    /// Ends the connection; only the first reason counts. Whether this was it.
    pub fn end(&self, end: End) -> bool {
        let mut state = self.state();
        let first = state.end.is_none();
        if first {
            state.end = Some(end);
            wake(state);
        }
        first
    }

    /// Whether the connection has ended.
    pub fn is_ended(&self) -> bool {
        self.state().end.is_some()
    }

    /// The end, if there is one; it goes before all that waits, which [`Self::take`] still gives.
    pub fn poll_end(&self, context: &Context<'_>) -> Poll<End> {
        let mut state = self.state();
        if let Some(end) = &state.end {
            return Poll::Ready(end.clone());
        }
        listen(&mut state, context);
        Poll::Pending
    }

    /// The next text, if one waits.
    pub fn take(&self) -> Option<Utf8Bytes> {
        let mut state = self.state();
        let text = state.queue.pop_front()?;
        state.bytes -= text.len() + PLACE_BYTES;
        if state.queue.is_empty() && state.queue.capacity() > KEPT_PLACES {
            state.queue = VecDeque::new();
        }
        Some(text)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn listen(state: &mut State, context: &Context<'_>) {
    match &mut state.waker {
        Some(waker) => waker.clone_from(context.waker()),
        none => *none = Some(context.waker().clone()),
    }
}

/// Wakes the task after the lock is gone, so that it does not run into it.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::super::close::{DELETED, GOING_AWAY};
    use super::*;

    fn text(length: usize) -> Utf8Bytes {
        "x".repeat(length).into()
    }

    #[test]
    fn it_is_full_by_bytes_and_has_room_again() {
        let outbox = Outbox::default();
        assert_eq!(outbox.post(text(900), 1000), Ok(()));
        assert_eq!(outbox.post(text(900), 1000), Err(Refused::Full));
        assert_eq!(outbox.take().map(|text| text.len()), Some(900));
        assert_eq!(outbox.post(text(2000), 1000), Ok(()), "an empty queue takes any message");
        assert_eq!(outbox.post(text(0), 1000), Err(Refused::Full));
    }

    #[test]
    fn empty_messages_fill_it_too() {
        let outbox = Outbox::default();
        let taken = (0..1000).take_while(|_| outbox.post(text(0), 6400).is_ok()).count();
        assert_eq!(taken, 100);
    }

    #[test]
    fn the_first_end_counts_and_what_waits_stays() {
        let outbox = Outbox::default();
        outbox.post(text(3), 1000).unwrap();
        assert!(outbox.end(DELETED));
        assert!(!outbox.end(GOING_AWAY));
        assert_eq!(outbox.post(text(1), 1000), Err(Refused::Ended));
        let context = Context::from_waker(Waker::noop());
        assert_eq!(outbox.poll_end(&context), Poll::Ready(DELETED));
        assert_eq!(outbox.take(), Some(text(3)));
        assert_eq!(outbox.take(), None);
    }
}
