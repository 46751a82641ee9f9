//! One suite for every source: the API's guarantees hold for all of them.
//!
//! A scenario is a function of a [`Subject`], and [`contract!`] defines a test of it for each named source:
//!
//! - `local`: the embedded store, on disk;
//! - `fake`: the fake CloudWatch (`world/fake_cloudwatch`), which follows AWS's documentation where emulators do not;
//! - `torn`: the fake with random short or empty pages, which AWS may return;
//! - `moto`: an independent emulator, filled by AWS's own client. Its known errors are listed where it is left out;
//! - `endpoint`: the local source of another Logmark, through the CloudWatch Logs protocol;
//! - `live`, `polled`: the fake CloudWatch with a running clock, for live tail, with sessions and without.
//!
//! All but `local` run the real binary, with credentials from its environment.

pub mod subject;
mod streams;
mod groups;
mod filters;
mod ranges;
mod contents;
mod formats;
mod lists;
mod real_data;
mod wire;
mod queries;
mod query_rows;
mod faults;
mod tails;

use subject::Subject;

macro_rules! contract {
    ($($room:ident::$scenario:ident: $($source:ident),+;)+) => {
        $(mod $scenario {
            $(#[tokio::test]
            async fn $source() {
                super::$room::$scenario(&super::Subject::$source().await).await;
            })+
        })+
    };
}

contract! {
    tails::new_events_are_delivered_once_as_pages_show_them: local, live, polled, endpoint;
    tails::history_comes_first_and_a_cursor_continues_behind_its_event: local, live, polled, endpoint;
    tails::a_grant_for_some_streams_follows_no_others: local, live, polled, endpoint;
    tails::a_tail_of_what_is_not_there_is_not_found: local, live, polled, endpoint;
    tails::a_tail_of_a_group_that_is_deleted_ends_with_not_found: local, live, polled, endpoint;

    streams::pages_of_any_size_are_the_stream: local, fake, torn, moto, endpoint;
    streams::a_cursor_goes_either_way: local, fake, torn, moto, endpoint;
    // moto's tokens count events from the head: late events shift them, so that an event is returned again.
    streams::late_events_shift_nothing: local, fake, torn, endpoint;
    streams::the_end_is_where_new_events_appear: local, fake, torn, moto, endpoint;
    streams::an_empty_stream_is_a_page_without_events: local, fake, torn, moto, endpoint;
    // moto's forward token at the tail of an empty stream skips the first new event.
    streams::the_tail_of_an_empty_stream_finds_its_first_event: local, fake, torn, endpoint;
    streams::what_is_not_there_is_not_found: local, fake, moto, endpoint;
    // moto reports a missing stream as a missing group.
    streams::a_missing_stream_is_told_from_a_missing_group: local, fake, endpoint;

    groups::streams_are_read_as_one: local, fake, torn, moto, endpoint;
    // moto does not support startFromHead in FilterLogEvents: it returns the oldest events, which Logmark refuses as the newest.
    // A read from the tail is then 502, except for a group that fits into one page.
    groups::pages_of_any_size_lead_back_to_the_head: local, fake, torn, endpoint;
    groups::every_page_knows_what_is_newer: local, fake, torn, endpoint;
    groups::streams_are_chosen_by_name_and_prefix: local, fake, torn, moto, endpoint;
    // moto skips an unknown stream name; AWS returns ResourceNotFoundException.
    groups::a_name_that_is_not_there_is_not_found: local, fake, endpoint;
    groups::a_grant_for_some_streams_shows_no_others: local, fake, torn, moto, endpoint;
    groups::late_events_shift_nothing_in_a_group: local, fake, torn, moto, endpoint;
    groups::the_end_of_a_group_is_where_new_events_appear: local, fake, torn, moto, endpoint;

    // moto supports terms and phrases; with any other filter it returns all events.
    filters::terms_choose_events: local, fake, torn, moto, endpoint;
    filters::patterns_choose_events: local, fake, torn, endpoint;
    filters::a_cursor_carries_its_filter: local, fake, moto, endpoint;
    filters::the_end_of_a_filtered_group_is_where_new_matches_appear: local, fake, torn, moto, endpoint;
    filters::a_filter_finds_nothing_in_hidden_streams: local, fake, torn, moto, endpoint;

    ranges::start_is_inside_and_end_is_not: local, fake, torn, moto, endpoint;
    ranges::ranges_that_meet_share_nothing: local, fake, torn, moto, endpoint;
    ranges::a_range_may_be_open: local, fake, torn, moto, endpoint;
    ranges::start_and_end_are_the_same_on_the_way_back: local, fake, torn, moto, endpoint;
    // moto does not support startFromHead, see above.
    ranges::start_and_end_are_the_same_on_the_way_back_through_a_group: local, fake, torn, endpoint;

    contents::any_message_comes_back_as_it_was: local, fake, torn, moto, endpoint;
    contents::any_name_can_be_read_in_every_spelling: local, fake, moto, endpoint;

    formats::every_format_says_the_same: local, fake, torn, moto, endpoint;
    formats::a_limited_export_ends_in_a_cursor_that_goes_on: local, fake, torn, moto, endpoint;
    formats::an_export_of_many_pages_is_whole: local, fake, torn, moto, endpoint;

    lists::groups_are_listed_page_by_page: local, fake, moto, endpoint;
    lists::groups_are_those_of_grant_and_prefix: local, fake, moto, endpoint;
    lists::streams_are_listed_by_name_and_by_last_event: local, fake, moto, endpoint;
    lists::a_group_is_described_and_its_namesakes_are_not: local, fake, moto, endpoint;

    // The fake returns the rows of the test, and moto does not report which groups a query read.
    query_rows::a_query_finds_what_its_groups_hold: local, endpoint;
    query_rows::a_check_tells_the_columns_and_starts_nothing: local, fake, moto, endpoint;
    query_rows::the_range_of_a_query_is_exact_to_the_millisecond: local, endpoint;
    query_rows::rows_are_paged_and_every_page_is_of_the_same_result: local, endpoint;
    query_rows::a_grant_for_some_streams_is_all_that_a_query_sees: local, endpoint;
    query_rows::a_pointer_leads_to_the_whole_event: local, endpoint;
    query_rows::the_fields_of_a_group_are_told_with_their_share: local, endpoint;

    real_data::ten_thousand_lines_are_exported_byte_for_byte: local, fake, torn, moto, endpoint;
    // Pages of 7 need 1,429 requests and twice as many calls; moto sorts all events for each, so it gets pages of 997.
    real_data::ten_thousand_lines_in_pages_of_7: local, fake, endpoint;
    real_data::ten_thousand_lines_in_pages_of_997: moto;
}
