//! Client request tokens of transactions: a token that comes again within ten minutes, with the same
//! items, is answered again and writes nothing.
//!
//! The database has this too, but looks through every token that it holds at each transaction, which
//! a busy room makes some hundred thousand. Here the tokens queue by age, so a call costs the few that
//! have just grown old. A repeated answer is the first one: its consumed capacity is the first call's.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use dynoxide::DynoxideError;
use dynoxide::actions::transact_write_items::{
    TransactWriteItemsRequest, TransactWriteItemsResponse,
};

/// How long a token holds, as DynamoDB has it.
const LIFETIME: Duration = Duration::from_mins(10);

/// The longest token; one that is longer is the database's to refuse.
const LONGEST: usize = 36;

/// The tokens of the last ten minutes.
#[derive(Default)]
pub struct Tokens {
    held: HashMap<String, Held>,
    /// Every held token once, the oldest first.
    ages: VecDeque<(Instant, String)>,
}

struct Held {
    items: u64,
    response: TransactWriteItemsResponse,
}

impl Tokens {
    /// Runs a transaction, unless its token says that it ran already. One that fails leaves its token
    /// free.
    ///
    /// # Errors
    /// The transaction's own, or the token was used for other items.
    pub fn once(
        &mut self,
        mut request: TransactWriteItemsRequest,
        now: Instant,
        run: impl FnOnce(TransactWriteItemsRequest) -> dynoxide::Result<TransactWriteItemsResponse>,
    ) -> dynoxide::Result<TransactWriteItemsResponse> {
        let Some(token) = request.client_request_token.take_if(|token| token.len() <= LONGEST)
        else {
            return run(request);
        };
        let items = fingerprint(&request)?;
        self.forget_before(now);
        match self.held.get(&token) {
            Some(held) if held.items == items => return Ok(held.response.clone()),
            Some(_) => return Err(mismatch()),
            None => {}
        }
        let response = run(request)?;
        self.ages.push_back((now, token.clone()));
        self.held.insert(token, Held { items, response: response.clone() });
        Ok(response)
    }

    fn forget_before(&mut self, now: Instant) {
        let old = |(since, _): &mut (Instant, String)| now.duration_since(*since) >= LIFETIME;
        while let Some((_, token)) = self.ages.pop_front_if(old) {
            self.held.remove(&token);
        }
    }
}

/// The items' content, whatever the order of their attributes.
fn fingerprint(request: &TransactWriteItemsRequest) -> dynoxide::Result<u64> {
    let items = serde_json::to_value(&request.transact_items)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))?;
    let mut hasher = DefaultHasher::new();
    items.hash(&mut hasher);
    Ok(hasher.finish())
}

fn mismatch() -> DynoxideError {
    DynoxideError::IdempotentParameterMismatchException(
        "The token was used for other items within the last ten minutes".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;

    fn request(token: &str, value: &str) -> TransactWriteItemsRequest {
        let item = json!({"Put": {"TableName": "T", "Item": {"a": {"S": value}, "b": {"S": "2"}}}});
        let request = json!({"TransactItems": [item], "ClientRequestToken": token});
        serde_json::from_value(request).unwrap()
    }

    #[test]
    fn a_token_runs_once_for_its_items_and_for_ten_minutes() {
        let mut tokens = Tokens::default();
        let runs = Cell::new(0);
        let mut once = |token, value, now| {
            tokens.once(request(token, value), now, |request| {
                assert_eq!(request.client_request_token, None);
                runs.set(runs.get() + 1);
                Ok(TransactWriteItemsResponse::default())
            })
        };
        let start = Instant::now();
        for _ in 0..2 {
            once("one", "1", start).unwrap();
        }
        assert_eq!(runs.get(), 1);
        let refused = once("one", "other", start);
        assert!(matches!(refused, Err(DynoxideError::IdempotentParameterMismatchException(_))));
        once("two", "other", start + LIFETIME / 2).unwrap();
        assert_eq!(runs.get(), 2);
        once("one", "other", start + LIFETIME).unwrap();
        once("two", "other", start + LIFETIME).unwrap();
        assert_eq!(runs.get(), 3, "the first is forgotten, the second is not");
    }

    #[test]
    fn a_transaction_that_failed_leaves_its_token_free() {
        let mut tokens = Tokens::default();
        let now = Instant::now();
        let failed = tokens.once(request("one", "1"), now, |_| {
            Err(DynoxideError::InternalServerError("disk full".to_owned()))
        });
        assert!(failed.is_err());
        let ran = tokens
            .once(request("one", "other"), now, |_| Ok(TransactWriteItemsResponse::default()));
        assert!(ran.is_ok());
    }
}
