//! The schema of `chatctl.yaml` for editors, made from the very types that parse it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::text::FileText;

/// The schema's file, from the project's root.
pub const SCHEMA_FILE: &str = "templates/chatctl.schema.json";

/// The JSON Schema (draft 7, which every editor's YAML support reads).
pub fn schema() -> Value {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<FileText>();
    schema.insert("title".to_owned(), "chatctl.yaml".into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_ships_is_the_schema_of_this_version() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(SCHEMA_FILE);
        let fresh = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &fresh).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(written == fresh, "{SCHEMA_FILE} is out of date: UPDATE=1 cargo test schema");
    }
}
