//! What a stack's status means: what may be done next. Pure.
//!
//! The states are those of AWS's page "Understand CloudFormation stack creation events and stack
//! status codes".

/// What a stack's status allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// There is no stack.
    Absent,
    /// It was planned and never made: a change set waits, or was dropped.
    Planned,
    /// It is complete and takes updates.
    Ready,
    /// An operation goes on.
    Busy(Operation),
    /// Its creation failed and was rolled back: it can only be deleted.
    NeverMade,
    /// An operation failed and nothing was rolled back yet.
    Halted,
    /// A rollback failed.
    RollbackFailed,
    /// A deletion failed.
    DeleteFailed,
}

/// What goes on with a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// What an update replaced is removed; the update itself succeeded.
    Cleanup,
    /// It goes back to what it was.
    Rollback,
    /// It is deleted.
    Delete,
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Create => "its creation",
            Self::Update => "an update",
            Self::Cleanup => "the clean-up after an update",
            Self::Rollback => "a rollback",
            Self::Delete => "its deletion",
        })
    }
}

impl Condition {
    /// The condition of a stack with a status; none for no stack.
    pub fn of(status: Option<&str>) -> Self {
        let Some(status) = status else { return Self::Absent };
        match status {
            "DELETE_COMPLETE" => Self::Absent,
            "REVIEW_IN_PROGRESS" => Self::Planned,
            "CREATE_COMPLETE"
            | "UPDATE_COMPLETE"
            | "UPDATE_ROLLBACK_COMPLETE"
            | "IMPORT_COMPLETE"
            | "IMPORT_ROLLBACK_COMPLETE" => Self::Ready,
            "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" => Self::NeverMade,
            "CREATE_FAILED" | "UPDATE_FAILED" => Self::Halted,
            "UPDATE_ROLLBACK_FAILED" | "IMPORT_ROLLBACK_FAILED" => Self::RollbackFailed,
            "DELETE_FAILED" => Self::DeleteFailed,
            _ => Self::Busy(operation(status)),
        }
    }
}

/// Every other status ends in `_IN_PROGRESS`; one that AWS adds one day is waited for as well.
fn operation(status: &str) -> Operation {
    if status.contains("ROLLBACK") {
        Operation::Rollback
    } else if status.contains("CLEANUP") {
        Operation::Cleanup
    } else if status.starts_with("CREATE") {
        Operation::Create
    } else if status.starts_with("DELETE") {
        Operation::Delete
    } else {
        Operation::Update
    }
}

/// How an operation on a stack ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As it was meant.
    Done,
    /// It failed, and the stack is what it was before.
    RolledBack,
    /// It failed, and the stack is neither what it was nor what it was to be.
    Stuck,
}

/// The end that a status is, of an operation that was to make, change, delete or restore a stack;
/// none while it goes on.
pub fn end(status: &str, meant: Meant) -> Option<End> {
    let end = match (Condition::of(Some(status)), meant) {
        (Condition::Busy(_) | Condition::Planned, _) => return None,
        (Condition::Absent, Meant::Gone) => End::Done,
        (Condition::Ready, Meant::Gone) => End::Stuck,
        (Condition::Absent, _) => End::RolledBack,
        (Condition::Ready, Meant::Restored) => End::Done,
        (Condition::Ready, Meant::Deployed) if status.contains("ROLLBACK") => End::RolledBack,
        (Condition::Ready, Meant::Deployed) => End::Done,
        (Condition::NeverMade, Meant::Restored) if status == "ROLLBACK_COMPLETE" => End::Done,
        (Condition::NeverMade, Meant::Deployed) if status == "ROLLBACK_COMPLETE" => End::RolledBack,
        _ => End::Stuck,
    };
    Some(end)
}

/// What an operation is to make of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// The stack as its template says.
    Deployed,
    /// The stack as it was before.
    Restored,
    /// No stack.
    Gone,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every status of the service's model.
    const ALL: [&str; 23] = [
        "CREATE_COMPLETE",
        "CREATE_FAILED",
        "CREATE_IN_PROGRESS",
        "DELETE_COMPLETE",
        "DELETE_FAILED",
        "DELETE_IN_PROGRESS",
        "IMPORT_COMPLETE",
        "IMPORT_IN_PROGRESS",
        "IMPORT_ROLLBACK_COMPLETE",
        "IMPORT_ROLLBACK_FAILED",
        "IMPORT_ROLLBACK_IN_PROGRESS",
        "REVIEW_IN_PROGRESS",
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "ROLLBACK_IN_PROGRESS",
        "UPDATE_COMPLETE",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_FAILED",
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_IN_PROGRESS",
    ];

    #[test]
    fn only_what_is_in_progress_is_busy() {
        for status in ALL {
            let busy = matches!(Condition::of(Some(status)), Condition::Busy(_));
            let in_progress = status.ends_with("IN_PROGRESS") && status != "REVIEW_IN_PROGRESS";
            assert_eq!(busy, in_progress, "{status}");
            for meant in [Meant::Deployed, Meant::Restored, Meant::Gone] {
                assert_eq!(end(status, meant).is_none(), status.ends_with("IN_PROGRESS"));
            }
        }
        assert_eq!(Condition::of(None), Condition::Absent);
        assert_eq!(Condition::of(Some("A_NEW_IN_PROGRESS")), Condition::Busy(Operation::Update));
    }

    #[test]
    fn an_end_depends_on_what_was_meant() {
        use End::{Done, RolledBack, Stuck};
        for (status, deployed, restored, gone) in [
            ("CREATE_COMPLETE", Done, Done, Stuck),
            ("UPDATE_COMPLETE", Done, Done, Stuck),
            ("UPDATE_ROLLBACK_COMPLETE", RolledBack, Done, Stuck),
            ("ROLLBACK_COMPLETE", RolledBack, Done, Stuck),
            ("ROLLBACK_FAILED", Stuck, Stuck, Stuck),
            ("UPDATE_ROLLBACK_FAILED", Stuck, Stuck, Stuck),
            ("UPDATE_FAILED", Stuck, Stuck, Stuck),
            ("DELETE_FAILED", Stuck, Stuck, Stuck),
            ("DELETE_COMPLETE", RolledBack, RolledBack, Done),
        ] {
            let ends = [Meant::Deployed, Meant::Restored, Meant::Gone].map(|m| end(status, m));
            assert_eq!(ends, [Some(deployed), Some(restored), Some(gone)], "{status}");
        }
    }
}
