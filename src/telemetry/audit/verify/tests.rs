//! Every way to falsify a chain, and the result of its verification.

use super::super::chain::Chain;
use super::*;

/// The lines of a chain: `start`, reads, `stop`.
fn written(reads: usize, key: Option<MacKey>) -> Vec<String> {
    let (mut chain, mut out) = (Chain::new(key), Vec::new());
    let mut add = |event: &str, rows: usize| {
        let members = format!("\"time\":\"2026-11-30T08:00:00.{rows:06}Z\",\"event\":\"{event}\",\"rows\":{rows}");
        chain.append(members.as_bytes(), &mut out);
    };
    add("start", 0);
    (1..=reads).for_each(|row| add("read", row));
    add("stop", reads + 1);
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

fn proved(lines: &[String], options: Options) -> Verdict {
    let mut verifier = Verifier::new(options);
    for (index, line) in lines.iter().enumerate() {
        verifier.line(&Place { file_index: 0, file: "f".into(), line: index as u64 + 1 }, line.as_bytes());
    }
    verifier.finish()
}

/// The faults as `kind:line`.
fn faults(lines: &[String]) -> Vec<String> {
    let verdict = proved(lines, Options::default());
    assert_eq!(verdict.is_intact(), verdict.faults.is_empty());
    verdict.faults.iter().map(|(place, fault)| format!("{}:{}", fault.kind(), place.line)).collect()
}

#[test]
fn an_untouched_chain_is_intact() {
    let lines = written(5, None);
    let verdict = proved(&lines, Options::default());
    assert!(verdict.is_intact());
    let [chain] = verdict.chains.as_slice() else { panic!("one chain") };
    assert_eq!((chain.lines, chain.first_seq, chain.last_seq, chain.ends_with_stop, chain.unclean_ends), (7, 0, 6, true, 0));
    assert_eq!(chain.head, LineHash::of(lines[6].as_bytes()).to_string());
}

#[test]
fn every_single_falsification_is_found_at_its_line() {
    type Falsify = fn(&mut Vec<String>);
    let cases: [(&str, Falsify, &[&str]); 14] = [
        ("a value is changed", |lines| lines[3] = lines[3].replace("\"rows\":3", "\"rows\":4"), &["changed:4"]),
        ("a space is added", |lines| lines[3].push(' '), &["changed:4"]),
        ("the hash in a line is changed", |lines| change_hash(&mut lines[3]), &["changed:3", "changed:4"]),
        ("the first line is changed", |lines| lines[0] = lines[0].replace("start", "stort"), &["changed:1"]),
        ("the first line refers to an earlier one", |lines| change_hash(&mut lines[0]), &["changed:1", "changed:1"]),
        ("a number is changed", |lines| lines[3] = lines[3].replace("\"seq\":3", "\"seq\":9"), &["changed:4"]),
        ("a line is removed", |lines| drop(lines.remove(3)), &["removed:4"]),
        ("lines are removed", |lines| drop(lines.drain(2..5)), &["removed:3"]),
        ("a line is copied", |lines| lines.insert(4, lines[1].clone()), &["inserted:5"]),
        ("a line is doubled", |lines| lines.insert(4, lines[3].clone()), &["inserted:5"]),
        ("a forged line is inserted", |lines| lines.insert(3, lines[3].replace("\"rows\":3", "\"rows\":8")), &["inserted:4"]),
        ("two lines are exchanged", |lines| lines.swap(2, 3), &["moved:4"]),
        ("a text is inserted", |lines| lines.insert(3, "{\"event\":\"read\"}".to_owned()), &["foreign:4"]),
        ("a line is made unreadable", |lines| lines[3].truncate(40), &["changed:4"]),
    ];
    for (what, falsify, expected) in cases {
        let mut lines = written(6, None);
        falsify(&mut lines);
        assert_eq!(faults(&lines), expected, "{what}");
    }
}

fn change_hash(line: &mut String) {
    let at = line.find("\"previousHash\":\"").unwrap() + 16;
    let digit = if line[at..].starts_with('0') { "1" } else { "0" };
    line.replace_range(at..=at, digit);
}

#[test]
fn every_single_changed_byte_is_found() {
    let lines = written(3, None);
    for index in 0..lines.len() - 1 {
        for at in 0..lines[index].len() {
            let mut changed = lines.clone();
            let mut bytes = changed[index].clone().into_bytes();
            bytes[at] ^= 1;
            changed[index] = String::from_utf8(bytes).unwrap();
            let found = faults(&changed);
            assert!(!found.is_empty(), "byte {at} of line {}: {}", index + 1, changed[index]);
        }
    }
}

#[test]
fn a_cut_end_is_found_with_the_head_alone() {
    let lines = written(5, None);
    let head = LineHash::of(lines[6].as_bytes());
    for kept in 1..lines.len() {
        let cut = &lines[..kept];
        let without = proved(cut, Options::default());
        assert!(without.is_intact() && !without.chains[0].ends_with_stop, "{kept} lines are a chain too");
        let with = proved(cut, Options { heads: vec![head], ..Options::default() });
        assert_eq!(with.missing_heads, [head]);
        assert!(!with.is_intact());
    }
    assert!(proved(&lines, Options { heads: vec![head], ..Options::default() }).is_intact());
    // The last hash of an earlier day is now the hash of a line in the middle.
    let earlier = LineHash::of(lines[3].as_bytes());
    assert!(proved(&lines, Options { heads: vec![earlier, head], ..Options::default() }).is_intact());
}

#[test]
fn a_chain_that_was_computed_again_is_found_with_the_key() {
    let key = MacKey::new(&[7; 32]);
    let with_key = || Options { key: Some(key.clone()), ..Options::default() };
    let genuine = written(3, Some(key.clone()));
    assert!(proved(&genuine, with_key()).is_intact());
    assert_eq!(proved(&genuine, Options::default()).unchecked_macs, 5);
    for (other, expected) in [(None, "missing"), (Some(MacKey::new(&[8; 32])), "wrong")] {
        let forged = written(3, other);
        assert!(proved(&forged, Options::default()).is_intact(), "without the key it is a chain");
        let verdict = proved(&forged, with_key());
        assert_eq!(verdict.fault_count, 5);
        assert_eq!(verdict.faults[0].1, Fault::Mac(expected));
    }
    let mut stripped = genuine;
    let at = stripped[2].find(",\"mac\"").unwrap();
    stripped[2].truncate(at);
    stripped[2].push('}');
    assert!(!proved(&stripped, with_key()).is_intact());
}

#[test]
fn mixed_chains_and_lines_of_other_programs_are_told_apart() {
    let (one, other) = (written(4, None), written(4, None));
    let mixed: Vec<String> = one.iter().zip(&other).flat_map(|(one, other)| [one.clone(), other.clone()]).collect();
    assert_eq!(faults(&mixed), [""; 0]);
    let mut wrapped = mixed.clone();
    wrapped.insert(5, "listening on 127.0.0.1:8080".to_owned());
    assert_eq!(faults(&wrapped), ["foreign:6"]);
    let verdict = proved(&wrapped, Options { is_mixed: true, ..Options::default() });
    assert!(verdict.is_intact());
    assert_eq!((verdict.skipped, verdict.chains.len()), (1, 2));
    let mut shortened = mixed;
    shortened.remove(6);
    assert_eq!(faults(&shortened), ["removed:8"], "the other chain is whole");
}

#[test]
fn a_chain_that_begins_in_the_middle_says_so() {
    let lines = written(5, None);
    let verdict = proved(&lines[3..], Options::default());
    assert!(verdict.is_intact());
    assert_eq!(verdict.chains[0].first_seq, 3);
}

#[test]
fn hostile_lines_are_faults_and_nothing_worse() {
    let nested = "[".repeat(100_000);
    let huge = format!("{{\"version\":1,\"chain\":\"{}\"}}", "x".repeat(1 << 20));
    for line in [
        "",
        "null",
        "{}",
        "\u{0}",
        "{\"version\":1}",
        nested.as_str(),
        huge.as_str(),
        "{\"version\":1,\"version\":1,\"chain\":\"a\",\"seq\":0,\"previousHash\":\"0\",\"time\":\"\",\"event\":\"\"}",
        "{\"version\":1,\"chain\":\"a\",\"seq\":-1,\"previousHash\":\"\",\"time\":\"\",\"event\":\"\"}",
        "{\"version\":1,\"chain\":\"a\",\"seq\":18446744073709551616,\"previousHash\":\"\",\"time\":\"\",\"event\":\"\"}",
    ] {
        let mut lines = written(2, None);
        lines.insert(2, line.to_owned());
        assert_eq!(faults(&lines), ["foreign:3"], "{}", line.chars().take(80).collect::<String>());
    }
    // The largest number, which has no successor.
    let zero = "0".repeat(64);
    let last = format!(
        "{{\"version\":1,\"chain\":\"a\",\"seq\":{},\"previousHash\":\"{zero}\",\"time\":\"\",\"event\":\"\"}}",
        u64::MAX
    );
    assert_eq!(faults(&[last.clone(), last]).len(), 1);
}

#[test]
fn a_flood_of_faults_is_counted_and_bounded() {
    let lines: Vec<String> = (0..5000).map(|number| format!("text {number}")).collect();
    let verdict = proved(&lines, Options::default());
    assert_eq!((verdict.fault_count, verdict.faults.len()), (5000, 1000));
}
