//! Queries that say less than they do: of each the guard's questions must be answered as CloudWatch could read it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use logmark_insights::ast::{FieldPath, Name, Query};
use logmark_insights::reach::{Reach, Use};

fn reach(text: &str) -> Reach {
    Reach::of(&Query::parse(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}")))
}

fn field(name: &str) -> FieldPath {
    FieldPath::field(Name::new(name).unwrap())
}

#[test]
fn a_column_of_a_join_is_a_field_of_its_side_however_it_is_written() {
    let join = |sides: [&str; 2], behind: &str| {
        let [left, right] = sides;
        format!(
            "stats count(*) by k | join left={left} right={right} where {left}.k={right}.k (SOURCE 'g' | fields k) | {behind}"
        )
    };
    for (sides, behind) in [
        (["l", "r"], "fields r.secret"),
        (["l", "r"], "fields `r.secret`"),
        (["l", "r"], "fields `R.secret`"),
        (["l", "r"], "fields `l.secret`"),
        (["l", "r"], "fields `r.secret.part`"),
        (["l", "`x.y`"], "fields x.y.secret"),
        (["l", "`x.y`"], "fields `x.y`.secret"),
        (["l", "`x.y`"], "fields `x.y.secret`"),
        (["İ", "r"], "fields `i̇.secret`"),
    ] {
        let text = join(sides, behind);
        let reach = reach(&text);
        assert!(reach.reads_field(&field("secret")), "{text}");
        assert!(reach.uses_of(&field("secret")).contains(Use::Shown), "{text}");
        assert!(reach.fields().any(|reference| reference.what.may_hold(&field("secret"))), "{text}");
        assert!(!reach.reads_field(&field("other")), "{text}");
    }
}

#[test]
fn a_wildcard_behind_a_join_may_find_every_column_of_its_sides() {
    let text = "stats count(*) by k | join left=l right=r where l.k=r.k (SOURCE 'g' | fields k) | filldown r.se*";
    assert!(reach(text).uses_of(&field("secret")).contains(Use::Series));
}

#[test]
fn events_beside_computed_rows_bring_their_pointers() {
    for (text, shows) in [
        ("stats count(*) | appendcols (SOURCE g | fields a)", true),
        ("stats count(*) by k | join left=l right=r where l.k=r.k (SOURCE g)", true),
        ("stats count(*) | appendcols (SOURCE g | stats max(a))", false),
        ("stats count(*) | appendcols (SOURCE g | fields a) | stats count(*)", false),
    ] {
        assert_eq!(reach(text).shows_pointers(), shows, "{text}");
    }
}
