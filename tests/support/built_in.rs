//! The stack that the built-in manifest makes, for tests that count its parts.

use chatctl::stack::{
    BUILT_IN_MANIFEST, LOCAL_API_ID, Manifest, Place, Settings, Stack, StackName, lower,
};

/// The stack.
pub fn stack() -> Stack {
    let name = StackName { project: "test".to_owned(), stage: "prod".to_owned() };
    let manifest = Manifest::parse(BUILT_IN_MANIFEST).unwrap();
    lower(manifest, name, Place::local(), LOCAL_API_ID.to_owned(), Settings::local()).unwrap()
}
