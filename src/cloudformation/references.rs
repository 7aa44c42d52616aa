//! Which resource names which others: by `Ref`, `Fn::GetAtt`, `Fn::Sub` and `DependsOn`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::template::Template;

/// The names in a template.
#[derive(Debug)]
pub(super) struct References<'a> {
    template: &'a Template,
    resources: BTreeMap<&'a str, BTreeSet<&'a str>>,
    outputs: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> References<'a> {
    pub(super) fn of(template: &'a Template) -> Self {
        let resources = template.resources.iter().map(|(id, resource)| {
            let mut names: BTreeSet<&str> =
                resource.depends_on.iter().map(String::as_str).collect();
            collect(&resource.properties, &mut names);
            (id.as_str(), names)
        });
        let outputs = template.outputs.iter().map(|(id, output)| {
            let mut names = BTreeSet::new();
            collect(&output.value, &mut names);
            (id.as_str(), names)
        });
        Self { template, resources: resources.collect(), outputs: outputs.collect() }
    }

    /// What is named and is not there: who names it, and the name.
    pub(super) fn unknown(&self) -> impl Iterator<Item = (String, String)> {
        let all = self.resources.iter().chain(&self.outputs);
        all.flat_map(|(by, names)| names.iter().map(|name| ((*by).to_owned(), *name)))
            .filter(|(_, name)| !self.is_known(name))
            .map(|(by, name)| (by, name.to_owned()))
    }

    fn is_known(&self, name: &str) -> bool {
        name.starts_with("AWS::")
            || self.template.resources.contains_key(name)
            || self.template.parameters.contains_key(name)
    }

    fn waits_for(&self, id: &str) -> impl Iterator<Item = &'a str> {
        self.resources.get(id).into_iter().flatten().copied()
    }
}

/// The first circle of resources that wait for one another, from its least id on.
pub(super) fn circle(references: &References<'_>) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    references.resources.keys().find_map(|id| follow(references, id, &mut Vec::new(), &mut done))
}

fn follow<'a>(
    references: &References<'a>,
    id: &'a str,
    path: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<String>> {
    if let Some(start) = path.iter().position(|one| *one == id) {
        return Some(path[start..].iter().map(|one| (*one).to_owned()).collect());
    }
    if !done.insert(id) {
        return None;
    }
    path.push(id);
    let found = references.waits_for(id).find_map(|next| follow(references, next, path, done));
    path.pop();
    found
}

/// Every name in a value.
fn collect<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(fields) => {
            for (key, inner) in fields {
                match (key.as_str(), inner) {
                    ("Ref", Value::String(name)) => drop(names.insert(name)),
                    ("Fn::GetAtt", Value::String(path)) => drop(names.insert(before_dot(path))),
                    ("Fn::GetAtt", Value::Array(path)) => {
                        names.extend(path.first().and_then(Value::as_str));
                    }
                    ("Fn::Sub", Value::String(text)) => names.extend(variables(text)),
                    ("Fn::Sub", Value::Array(parts)) => substitution(parts, names),
                    _ => collect(inner, names),
                }
            }
        }
        _ => {}
    }
}

/// `[text, {own: value}]`: its own variables are no names of the template.
fn substitution<'a>(parts: &'a [Value], names: &mut BTreeSet<&'a str>) {
    let [Value::String(text), own] = parts else { return };
    names.extend(variables(text).filter(|name| own.get(name).is_none()));
    collect(own, names);
}

/// The names in a text's `${…}`; `${!…}` is a literal.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    inside.map(|(name, _)| name).filter(|name| !name.starts_with('!')).map(before_dot)
}

fn before_dot(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}
