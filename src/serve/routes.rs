//! What a request is for, by its method and its path. Decides by words alone.

use didelphis_core::inbox::Command;

/// What a request is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Route {
    Page,
    Metrics,
    Health,
    Breakers,
    /// Those of that name, or the one with that number.
    Breaker(Wanted),
    Loops,
    Events,
    Command(&'static str, Command, Wanted),
}

/// Which breakers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) id: Option<u64>,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoute {
    /// The path cannot be read.
    Unreadable,
    /// There is no such path.
    Unknown,
    /// There is, for other methods.
    Method(&'static str),
}

impl Route {
    /// By the method, and the path and query of the target.
    pub(super) fn of(method: &str, path: &str, query: Option<&str>) -> Result<Route, NoRoute> {
        let mut parts = path.strip_prefix('/').ok_or(NoRoute::Unknown)?.split('/');
        let parts: [Option<&str>; 5] = std::array::from_fn(|_| parts.next());
        let route = match parts {
            [Some(""), None, ..] => Route::Page,
            [Some("metrics"), None, ..] => Route::Metrics,
            [Some("healthz"), None, ..] => Route::Health,
            [Some("events"), None, ..] => Route::Events,
            [Some("api"), Some("loop"), None, ..] => Route::Loops,
            [Some("api"), Some("breakers"), None, ..] => Route::Breakers,
            [Some("api"), Some("breakers"), Some(name), None, ..] => {
                Route::Breaker(Wanted::of(name, query)?)
            }
            [Some("api"), Some("breakers"), Some(name), Some(word), None] => {
                let known = COMMANDS.iter().find(|(known, _)| *known == word);
                let &(word, command) = known.ok_or(NoRoute::Unknown)?;
                Route::Command(word, command, Wanted::of(name, query)?)
            }
            _ => return Err(NoRoute::Unknown),
        };
        match (&route, method) {
            (Route::Command(..), "POST") => Ok(route),
            (Route::Command(..), _) => Err(NoRoute::Method("POST")),
            (_, "GET" | "HEAD") => Ok(route),
            _ => Err(NoRoute::Method("GET, HEAD")),
        }
    }

    /// Whether it is open to everybody on any server.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Route::Page | Route::Health)
    }
}

impl Wanted {
    fn of(name: &str, query: Option<&str>) -> Result<Wanted, NoRoute> {
        let name = decoded(name).ok_or(NoRoute::Unreadable)?;
        let mut wanted = Wanted { name, id: None };
        for (key, value) in query.unwrap_or("").split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "id" => wanted.id = Some(value.parse().map_err(|_| NoRoute::Unreadable)?),
                // For `.` and `..`, which clients take out of a path.
                "name" => wanted.name = decoded(value).ok_or(NoRoute::Unreadable)?,
                _ => {}
            }
        }
        Ok(wanted)
    }
}

const COMMANDS: [(&str, Command); 5] = [
    ("open", Command::Open),
    ("close", Command::Close),
    ("force-open", Command::ForceOpen),
    ("disable", Command::Disable),
    ("enable", Command::Enable),
];

/// A text without its percent signs.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                (digit()? * 16 + digit()?) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Wanted {
        Wanted { name: name.into(), id: None }
    }

    #[test]
    fn names_are_taken_as_they_are() {
        for (path, name) in [
            ("a", "a"),
            ("..", ".."),
            ("%2e%2e%2F", "../"),
            ("%3Cscript%3E", "<script>"),
            ("%E2%9C%93%20x", "✓ x"),
            ("a%0Ab%22", "a\nb\""),
            ("", ""),
        ] {
            let route = Route::of("GET", &format!("/api/breakers/{path}"), None);
            assert_eq!(route, Ok(Route::Breaker(named(name))), "{path}");
        }
        for path in ["%", "%4", "%zz", "%FF"] {
            let route = Route::of("GET", &format!("/api/breakers/{path}"), None);
            assert_eq!(route, Err(NoRoute::Unreadable), "{path}");
        }
    }

    #[test]
    fn commands_are_posted() {
        let open = |method| Route::of(method, "/api/breakers/a%2Fb/force-open", Some("x&id=7"));
        let wanted = Wanted { name: "a/b".into(), id: Some(7) };
        assert_eq!(open("POST"), Ok(Route::Command("force-open", Command::ForceOpen, wanted)));
        assert_eq!(open("GET"), Err(NoRoute::Method("POST")));
        assert_eq!(Route::of("POST", "/metrics", None), Err(NoRoute::Method("GET, HEAD")));
        assert_eq!(Route::of("POST", "/api/breakers/a/drop", None), Err(NoRoute::Unknown));
        let by_query = Route::of("GET", "/api/breakers/-", Some("id=7&name=%2E."));
        let wanted = Wanted { name: "..".into(), id: Some(7) };
        assert_eq!(by_query, Ok(Route::Breaker(wanted)));
        let bad = Route::of("POST", "/api/breakers/a/open", Some("id=-1"));
        assert_eq!(bad, Err(NoRoute::Unreadable));
    }

    #[test]
    fn there_is_nothing_else() {
        for path in
            ["", "*", "/x", "//", "/metrics/", "/api", "/api/breakers/a/open/", "/api/loop/x"]
        {
            assert_eq!(Route::of("GET", path, None), Err(NoRoute::Unknown), "{path}");
        }
        assert_eq!(Route::of("HEAD", "/", None), Ok(Route::Page));
        assert_eq!(Route::of("GET", "/events", None), Ok(Route::Events));
        assert_eq!(Route::of("GET", "/api/loop", None), Ok(Route::Loops));
    }
}
