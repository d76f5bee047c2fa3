//! Who may ask for what. Decides by the words of a request alone.
//!
//! A browser sends requests to this machine for whatever page its user has open. So the name by
//! which the server is called is checked, for a name may be made to lead here (DNS rebinding), and
//! where a request comes from. What changes something needs the token, which no page has.

use std::hint::black_box;
use std::net::IpAddr;

/// What a request may be refused for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum No {
    /// It calls the server by a name that is not its own.
    Host,
    /// It comes from a page of somebody else's.
    Origin,
    /// It needs the token, and has none, or a wrong one.
    Token,
    /// It needs the token, and there is none.
    SteeringOff,
}

/// The words of a request that matter here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) host: Option<&'a str>,
    pub(super) origin: Option<&'a str>,
    /// `Sec-Fetch-Site`.
    pub(super) site: Option<&'a str>,
    pub(super) authorization: Option<&'a [u8]>,
    /// Whether it changes something.
    pub(super) steers: bool,
    /// Whether it is for what is open to everybody on any server.
    pub(super) is_open: bool,
}

/// What a server lets through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    /// What those who steer have to know.
    pub(crate) token: Option<String>,
    /// Whether others than this machine's processes can reach it.
    pub(crate) is_public: bool,
    /// Names by which it may be called.
    pub(crate) hosts: Vec<String>,
}

impl Guard {
    /// Whether a request may be answered.
    pub(super) fn check(&self, asked: &Asked<'_>) -> Result<(), No> {
        let host = asked.host.filter(|host| self.is_own(host)).ok_or(No::Host)?;
        if asked.origin.is_some_and(|origin| !is_of(origin, host)) {
            return Err(No::Origin);
        }
        let from_elsewhere = |site| !matches!(site, "same-origin" | "none");
        if asked.steers && asked.site.is_some_and(from_elsewhere) {
            return Err(No::Origin);
        }
        if !asked.steers && (asked.is_open || !self.is_public) {
            return Ok(());
        }
        let Some(token) = &self.token else { return Err(No::SteeringOff) };
        let given = asked.authorization.and_then(bearer).ok_or(No::Token)?;
        if is_same(given, token.as_bytes()) {
            Ok(())
        } else {
            Err(No::Token)
        }
    }

    fn is_own(&self, host: &str) -> bool {
        let Some(name) = name_of(host) else { return false };
        name.parse::<IpAddr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || self.hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// The name in `name`, `name:port`, `[address]` or `[address]:port`.
fn name_of(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (name, port) = rest.split_once(']')?;
            (name, port.strip_prefix(':').or(port.is_empty().then_some("0"))?)
        }
        None => host.split_once(':').unwrap_or((host, "0")),
    };
    port.parse::<u16>().is_ok().then_some(name)
}

/// Whether a page of that origin is one of the server's that is called so.
fn is_of(origin: &str, host: &str) -> bool {
    let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    own.is_some_and(|own| own.eq_ignore_ascii_case(host))
}

fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = header.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token.trim_ascii())
}

/// Takes as long wherever they differ; how long the token is, is no secret.
fn is_same(given: &[u8], token: &[u8]) -> bool {
    if given.len() != token.len() {
        return false;
    }
    let differences =
        given.iter().zip(token).fold(0, |sum, (a, b)| black_box(sum | black_box(a ^ b)));
    black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn guard(is_public: bool) -> Guard {
        let hosts = vec!["breakers.example".into()];
        Guard { token: Some(TOKEN.into()), is_public, hosts }
    }

    fn asked(host: &str) -> Asked<'_> {
        Asked { host: Some(host), ..Asked::default() }
    }

    #[test]
    fn a_name_that_was_made_to_lead_here_is_refused() {
        for host in ["127.0.0.1", "127.0.0.1:9464", "localhost:1", "[::1]:80", "[::1]", "LOCALHOST"]
        {
            assert_eq!(guard(false).check(&asked(host)), Ok(()), "{host}");
        }
        assert_eq!(guard(false).check(&asked("Breakers.Example:443")), Ok(()));
        for host in [
            "evil.example",
            "localhost.evil.example",
            "",
            "127.0.0.1.evil.example",
            "[::1]x",
            "::1",
            "127.0.0.1:x",
            "a@127.0.0.1",
        ] {
            assert_eq!(guard(false).check(&asked(host)), Err(No::Host), "{host}");
        }
        assert_eq!(guard(false).check(&Asked::default()), Err(No::Host));
    }

    #[test]
    fn a_page_of_somebody_elses_is_refused() {
        let from = |origin| Asked { origin: Some(origin), ..asked("127.0.0.1:9464") };
        assert_eq!(guard(false).check(&from("http://127.0.0.1:9464")), Ok(()));
        for origin in [
            "http://127.0.0.1:9465",
            "null",
            "http://evil.example",
            "http://127.0.0.1:9464.evil.example",
        ] {
            assert_eq!(guard(false).check(&from(origin)), Err(No::Origin), "{origin}");
        }
        let authorization = Some(&b"Bearer 0123456789abcdef"[..]);
        let steers = Asked { steers: true, authorization, ..asked("127.0.0.1:9464") };
        assert_eq!(guard(false).check(&steers), Ok(()));
        let cross = Asked { site: Some("cross-site"), ..steers };
        assert_eq!(guard(false).check(&cross), Err(No::Origin));
        assert_eq!(guard(false).check(&Asked { site: Some("same-origin"), ..steers }), Ok(()));
    }

    #[test]
    fn who_steers_needs_the_token() {
        let with = |authorization| Asked { steers: true, authorization, ..asked("localhost") };
        assert_eq!(guard(false).check(&with(Some(b"bearer 0123456789abcdef"))), Ok(()));
        for wrong in [
            &b"Bearer 0123456789abcdeF"[..],
            b"Bearer 0123456789abcde",
            b"Bearer 0123456789abcdef0",
            b"Bearer",
            b"",
            b"Basic 0123456789abcdef",
            b"0123456789abcdef",
        ] {
            assert_eq!(guard(false).check(&with(Some(wrong))), Err(No::Token));
        }
        assert_eq!(guard(false).check(&with(None)), Err(No::Token));
        let none = Guard { token: None, ..guard(false) };
        assert_eq!(none.check(&with(Some(b"Bearer "))), Err(No::SteeringOff));
    }

    #[test]
    fn beyond_this_machine_reading_needs_it_too() {
        assert_eq!(guard(true).check(&asked("10.0.0.7")), Err(No::Token));
        let open = Asked { is_open: true, ..asked("10.0.0.7") };
        assert_eq!(guard(true).check(&open), Ok(()));
        let steers = Asked { steers: true, ..open };
        assert_eq!(guard(true).check(&steers), Err(No::Token));
    }
}
