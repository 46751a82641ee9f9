//! `--columns`: the list as the service reads it, split into its columns.

/// Splits at commas that are not within brackets, as in `timestamp,$['a,b']`.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut columns = vec![String::new()];
    let mut depth = 0_usize;
    let mut quote = None;
    for character in text.chars() {
        match (character, quote) {
            (',', None) if depth == 0 => {
                columns.push(String::new());
                continue;
            }
            ('\'' | '"', None) if depth > 0 => quote = Some(character),
            (_, Some(open)) if character == open => quote = None,
            ('[', None) => depth += 1,
            (']', None) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let Some(column) = columns.last_mut() {
            column.push(character);
        }
    }
    columns.into_iter().map(|column| column.trim().to_owned()).filter(|column| !column.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn commas_in_brackets_belong_to_their_column() {
        assert_eq!(super::split("timestamp, $['a,b'].c,$.d[0]"), ["timestamp", "$['a,b'].c", "$.d[0]"]);
        assert_eq!(super::split("$[\"]\"],x"), ["$[\"]\"]", "x"]);
    }
}
