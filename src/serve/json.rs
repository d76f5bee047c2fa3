//! JSON, written from left to right. Used by whatever answers in it.

/// A text that grows.
#[derive(Debug, Default)]
pub(super) struct Json(String);

impl Json {
    /// What was written.
    pub(super) fn text(self) -> String {
        self.0
    }

    /// An object with whatever `fill` puts into it.
    pub(super) fn object(&mut self, fill: impl FnOnce(&mut Json)) {
        self.within('{', '}', fill);
    }

    /// An array of them.
    pub(super) fn array<T>(
        &mut self,
        all: impl IntoIterator<Item = T>,
        put: impl Fn(&mut Json, T),
    ) {
        self.within('[', ']', |json| all.into_iter().for_each(|one| put(json, one)));
    }

    /// The name of the value that is put next.
    pub(super) fn key(&mut self, name: &str) -> &mut Self {
        self.string(name);
        self.0.push(':');
        self
    }

    pub(super) fn string(&mut self, text: &str) {
        self.separate();
        self.0.push('"');
        for char in text.chars() {
            match char {
                '"' | '\\' => self.0.extend(['\\', char]),
                // Nothing in it ends a script, wherever it is put, or a line.
                '\0'..='\x1f' | '\x7f' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    self.0.push_str(&format!("\\u{:04x}", char as u32));
                }
                char => self.0.push(char),
            }
        }
        self.0.push('"');
    }

    /// To a thousandth; what is endless or no number is null.
    pub(super) fn number(&mut self, number: f64) {
        if !number.is_finite() {
            return self.null();
        }
        self.separate();
        let rounded = (number * 1e3).round() / 1e3;
        let shown = if rounded.is_finite() { rounded } else { number };
        self.0.push_str(&(shown + 0.0).to_string());
    }

    pub(super) fn whole(&mut self, number: i64) {
        self.separate();
        self.0.push_str(&number.to_string());
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.separate();
        self.0.push_str(if value { "true" } else { "false" });
    }

    pub(super) fn null(&mut self) {
        self.separate();
        self.0.push_str("null");
    }

    /// What was written before, as it is.
    pub(super) fn written(&mut self, json: &str) {
        self.separate();
        self.0.push_str(json);
    }

    /// A value, or null where there is none.
    pub(super) fn maybe<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Json, T)) {
        match value {
            Some(value) => put(self, value),
            None => self.null(),
        }
    }

    fn within(&mut self, open: char, close: char, fill: impl FnOnce(&mut Json)) {
        self.separate();
        self.0.push(open);
        fill(self);
        self.0.push(close);
    }

    fn separate(&mut self) {
        if !matches!(self.0.chars().next_back(), None | Some('{' | '[' | ':')) {
            self.0.push(',');
        }
    }
}

/// An object, as a text.
pub(super) fn object(fill: impl FnOnce(&mut Json)) -> String {
    let mut json = Json::default();
    json.object(fill);
    json.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_separated_and_texts_cannot_break_out() {
        let text = object(|json| {
            json.key("a:").string("\"\\\n</script>\u{2028}[");
            json.key("b").array([1.0, 2.0005, f64::NAN, -0.0, 1e300], Json::number);
            json.key("c").object(|_| ());
            json.key("d").maybe(None::<i64>, Json::whole);
            json.key("e").array([true, false], Json::bool);
        });
        let (head, tail) = text.split_once("\"b\":").expect("a second field");
        assert_eq!(head, r#"{"a:":"\"\\\u000a\u003c/script\u003e\u2028[","#);
        assert!(tail.starts_with("[1,2.001,null,0,1000000"), "{tail}");
        assert!(tail.ends_with(r#"],"c":{},"d":null,"e":[true,false]}"#), "{tail}");
    }
}
