//! A handler that accesses a source in the shared state.

use logmark::http::AppState;

pub fn with_the_field(app: AppState) {
    let _sources = &app.sources; //~ E0616
}

pub fn with_the_keys(app: AppState) {
    let _sealer = &app.sealer; //~ E0616
}
