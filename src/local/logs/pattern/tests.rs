//! What AWS's page on filter patterns promises, and that no text makes the reader stumble.

use proptest::prelude::*;

use super::Pattern;

fn matches(pattern: &str, message: &str) -> bool {
    Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")).matches(message)
}

#[test]
fn terms_are_all_required_and_case_matters() {
    assert!(matches("", "anything"));
    assert!(matches("ERROR", "[ERROR 400] BAD REQUEST"));
    assert!(!matches("ERROR", "[error 400] bad request"));
    assert!(matches("ERROR ARGUMENTS", "ERROR Missing ARGUMENTS"));
    assert!(!matches("ERROR ARGUMENTS", "ERROR Missing"));
}

#[test]
fn a_phrase_is_taken_whole() {
    assert!(matches("\"INTERNAL SERVER ERROR\"", "[500] INTERNAL SERVER ERROR"));
    assert!(!matches("\"INTERNAL SERVER ERROR\"", "INTERNAL ERROR of the SERVER"));
    assert!(matches(r#""say \"hi\"""#, r#"please say "hi" now"#));
}

#[test]
fn a_dash_excludes() {
    assert!(matches("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST"));
    assert!(!matches("ERROR -ARGUMENTS", "ERROR Missing ARGUMENTS"));
    assert!(matches("-\"START RequestId\"", "END RequestId"));
}

#[test]
fn a_question_mark_makes_one_of_several_suffice() {
    assert!(matches("?ERROR ?WARN", "WARN low"));
    assert!(!matches("?ERROR ?WARN", "INFO fine"));
    // Beside other kinds of term AWS ignores them.
    assert!(matches("INFO ?ERROR", "INFO fine"));
}

const MESSAGE: &str = r#"{"level":"ERROR","n":3.5,"ok":true,"nothing":null,"user":{"id":"ada","tags":["a","b"]},
    "odd.name":"here","address":"123.123.4.5","count":12}"#;

#[test]
fn conditions_hold_or_do_not() {
    let holds = [
        r#"{ $.level = "ERROR" }"#,
        "{ $.level = ERROR }",
        "{$.level=ERR*}",
        r#"{ $.level != "INFO" }"#,
        "{ $.n > 3 }",
        "{ $.n >= 3.5 && $.n <= 35e-1 }",
        "{ $.ok IS TRUE }",
        "{ $.nothing IS NULL }",
        "{ $.missing NOT EXISTS }",
        r#"{ $.user.tags[1] = "b" }"#,
        r#"{ $.user.tags[*] = "b" }"#,
        "{ $.['odd.name'] = here }",
        "{ $.address = 123.123.* }",
        r#"{ $.address = "*.4.*" }"#,
        "{ $.count = 12 }",
        r#"{ ($.level = "INFO") || ($.n < 4 && $.ok IS TRUE) }"#,
        r#"{ $.level = "INFO" && $.n < 4 || $.ok IS TRUE }"#,
    ];
    for pattern in holds {
        assert!(matches(pattern, MESSAGE), "{pattern}");
    }
    let fails = [
        r#"{ $.level = "error" }"#,
        r#"{ $.level = "*WARN*" }"#,
        "{ $.missing != x }",
        "{ $.missing IS NULL }",
        "{ $.nothing NOT EXISTS }",
        "{ $.n < 3 }",
        "{ $.level > 3 }",
        "{ $.user = ada }",
        "{ $.user.tags[2] = b }",
        r#"{ $.level = "ERR*X*R" }"#,
        r#"{ $.level = "INFO" && ($.n < 4 || $.ok IS TRUE) }"#,
    ];
    for pattern in fails {
        assert!(!matches(pattern, MESSAGE), "{pattern}");
    }
    assert!(!matches("{ $.level = ERROR }", "ERROR, and no JSON"));
}

#[test]
fn anything_else_is_refused() {
    let broken = [
        "{",
        "{}",
        "{ $.a }",
        "{ a = 1 }",
        "{ $ = 1 }",
        "{ $.a = }",
        "{ $.a = 1 ",
        "{ $.a = 1 } x",
        "{ $.a = 1 && }",
        "{ ($.a = 1 }",
        "{ $.a > x }",
        "{ $.a[x] = 1 }",
        "{ $.a IS MAYBE }",
        "\"open",
        "a.b",
        "-",
        "? x",
        "\"a\"b",
        "[w1, w2]",
        "%re%",
        "\"\"",
    ];
    for pattern in broken {
        assert!(Pattern::parse(pattern).is_err(), "{pattern}");
    }
    assert!(Pattern::parse(&"x".repeat(1025)).is_err());
    assert!(Pattern::parse(&format!("{{ {}", "(".repeat(1000))).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_it_stumble(pattern in "\\PC*", message in "\\PC*") {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            pattern.matches(&message);
        }
    }

    #[test]
    fn no_text_made_of_its_own_tokens_makes_it_stumble(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "(", ")", "$", ".", "a", "[", "]", "*", "0", "'", "\"", "=", "!=", "<", ">=", "&&", "||",
            "IS", "NULL", "NOT", "EXISTS", " ", "é", "-", "?", "\\", "1e400",
        ]), 0..40)
    ) {
        if let Ok(pattern) = Pattern::parse(&tokens.concat()) {
            pattern.matches(r#"{"a":[{"a":0}]}"#);
            pattern.matches("a é");
        }
    }

    #[test]
    fn a_word_matches_exactly_the_messages_that_contain_it(word in "[a-z]{1,3}", message in "[a-z ]{0,12}") {
        prop_assert_eq!(matches(&word, &message), message.contains(&word));
    }
}
