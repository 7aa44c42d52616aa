//! `ping`: is the line alive? Also keeps the caller's rows from expiring, a few times an hour.

use chatctl_protocol::ServerMessage;
use futures_util::future::try_join;

use crate::Ports;
use crate::caller::Call;
use crate::fault::Failure;
use crate::model::{CONNECTION_TTL_S, expiry};
use crate::outcome::Outcome;

/// Seconds that an expiry may lag behind before it is worth two writes.
const LAG_S: u64 = 5 * 60;

pub(crate) async fn handle<P: Ports>(ports: &P, call: Call<'_>) -> Result<Outcome, Failure> {
    let connection = call.identify(ports).await?;
    let now = ports.now();
    let fresh = expiry(now, CONNECTION_TTL_S);
    if connection.expires_at + LAG_S < fresh {
        try_join(
            ports.touch_connection(&connection.connection_id, fresh),
            ports.keep_name(&connection, fresh, false),
        )
        .await?;
    }
    Ok(Outcome::answer(ServerMessage::Pong { timestamp: now }))
}
