//! Who holds a name: whether they are still there, and which of their connections goes when a person
//! has too many.

use std::time::Duration;

use chatctl_protocol::{ErrorCode, Limits};
use futures_util::future::{join_all, try_join_all};

use crate::deliver::SETTLED_MS;
use crate::{Fault, NameHold, Ports, RefusalNotice};

/// How long after connecting a holder counts as live though no connection of theirs answers, ms:
/// their handshake may not be over.
const GRACE_MS: u64 = 2_000;

/// How long between two looks at a holder in that grace.
const PAUSE: Duration = Duration::from_millis(250);

/// Whether a name stays with its holder: a connection of theirs is open or may be opening, or they
/// can prove who they are and have been gone for moments only.
pub(crate) async fn is_live<P: Ports>(ports: &P, holder: &NameHold) -> Result<bool, Fault> {
    loop {
        if any_open(ports, holder).await? {
            return Ok(true);
        }
        let now = ports.now();
        if now >= holder.held_at + GRACE_MS {
            break;
        }
        ports.pause(PAUSE).await;
    }
    forget(ports, holder).await?;
    Ok(holder.reserved)
}

async fn any_open<P: Ports>(ports: &P, holder: &NameHold) -> Result<bool, Fault> {
    let looked = join_all(holder.connections.iter().map(|id| ports.is_open(id))).await;
    looked.into_iter().try_fold(false, |any, open| Ok(any | open?))
}

/// Lets go of connections of whose end nobody has heard. A reserved name is kept from now on.
async fn forget<P: Ports>(ports: &P, holder: &NameHold) -> Result<(), Fault> {
    let NameHold { name_key, person_id, connections, reserved, .. } = holder;
    let now = ports.now();
    let before = now.saturating_sub(SETTLED_MS);
    try_join_all(connections.iter().map(|id| ports.prune_connection(id, before))).await?;
    if *reserved && !connections.is_empty() {
        ports.part(name_key, person_id, connections, now).await?;
    }
    Ok(())
}

/// Ends a person's oldest connection where they have as many as one may have: the newest is the one
/// that they look at, and a line that died unseen counts as open for minutes.
pub(crate) async fn make_room<P: Ports>(ports: &P, own: &NameHold) -> Result<(), Fault> {
    let max = Limits::CURRENT.connections_max as usize;
    if own.connections.len() < max {
        return Ok(());
    }
    let rows = try_join_all(own.connections.iter().map(|id| ports.connection(id))).await?;
    let since = rows.iter().map(|row| row.as_ref().map_or(0, |row| row.connected_at));
    let Some((_, oldest)) = since.zip(&own.connections).min() else { return Ok(()) };
    let NameHold { name_key, person_id, .. } = own;
    ports.part(name_key, person_id, std::slice::from_ref(oldest), ports.now()).await?;
    let message = format!(
        "this person has connected elsewhere, and has at most {max} connections at a time; this was the oldest"
    );
    let notice =
        RefusalNotice { connection_id: oldest.clone(), code: ErrorCode::Conflict, message };
    ports.refuse(&notice).await
}
