//! The loads over time, as SVG: what is answered in time, and the timeouts that are learned.

use crate::load::Load;
use crate::measure::{Figures, Outcome};

/// A row of the chart.
pub struct Panel<'a> {
    pub load: &'a Load,
    /// What is drawn of each second, and in what it is.
    pub value: fn(&Figures) -> f64,
    pub unit: &'a str,
    pub greatest: f64,
    pub lines: Vec<Line<'a>>,
}

/// A policy, in its colour.
pub struct Line<'a> {
    pub name: &'a str,
    pub colour: &'a str,
    pub outcome: &'a Outcome,
}

/// The chart.
pub fn chart(title: &str, subtitle: &str, panels: &[Panel]) -> String {
    let height = TOP + panels.len() * ROW + 8;
    let rows: Vec<String> = panels
        .iter()
        .enumerate()
        .map(|(row, panel)| draw(panel, (TOP + row * ROW) as f64))
        .collect();
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="{title}">
<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>
<g fill="#24292f">
<text x="24" y="32" font-size="16" font-weight="600">{title}</text>
<text x="24" y="54" font-size="12" fill="#57606a">{subtitle}</text>
{}
</g>
</svg>
"##,
        rows.join("\n")
    )
}

fn draw(panel: &Panel, top: f64) -> String {
    let bottom = top + HEADING + HEIGHT;
    let seconds: u64 = panel.load.phases.iter().map(|phase| phase.seconds).sum();
    let x = |second: f64| LEFT + second / seconds as f64 * SPAN;
    let y = |value: f64| bottom - (value / panel.greatest).min(1.0) * HEIGHT;
    let mut parts = vec![
        format!(
            r##"<text x="24" y="{:.0}" font-size="13"><tspan font-weight="600">{}</tspan><tspan dx="10" fill="#57606a">{}</tspan></text>"##,
            top + 14.0,
            panel.load.title,
            panel.unit
        ),
        format!(
            r##"<path d="M{LEFT} {:.1}V{bottom:.1}H{:.1}" stroke="#d0d7de" fill="none"/>"##,
            bottom - HEIGHT,
            LEFT + SPAN
        ),
        label(LEFT - 6.0, bottom - HEIGHT + 4.0, "end", &format!("{:.0}", panel.greatest)),
        label(LEFT - 6.0, bottom, "end", "0"),
    ];
    let mut begins = 0;
    for phase in panel.load.phases {
        let at = x(begins as f64);
        if begins > 0 {
            parts.push(format!(
                r##"<path d="M{at:.1} {:.1}V{bottom:.1}" stroke="#d0d7de" stroke-dasharray="3 3" fill="none"/>"##,
                bottom - HEIGHT
            ));
        }
        parts.push(label(at + 4.0, bottom + 14.0, "start", phase.name));
        begins += phase.seconds;
    }
    for (index, line) in panel.lines.iter().enumerate() {
        let height = top + HEADING + 6.0 + index as f64 * 16.0;
        parts.push(format!(
            r##"<text x="{:.0}" y="{height:.0}"><tspan fill="{}">■</tspan> {}</text>"##,
            LEFT + SPAN + 12.0,
            line.colour,
            line.name
        ));
        // Two seconds a point are as fine as a pixel.
        let points: Vec<String> = line.outcome.seconds[..seconds as usize]
            .chunks(2)
            .enumerate()
            .map(|(index, pair)| {
                let value = pair.iter().map(panel.value).sum::<f64>() / pair.len() as f64;
                format!("{:.1},{:.1}", x(index as f64 * 2.0 + 1.0), y(value))
            })
            .collect();
        parts.push(format!(
            r##"<polyline points="{}" stroke="{}" stroke-width="1.5" stroke-linejoin="round" fill="none"/>"##,
            points.join(" "),
            line.colour
        ));
    }
    parts.join("\n")
}

fn label(x: f64, y: f64, anchor: &str, words: &str) -> String {
    format!(r##"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="#57606a">{words}</text>"##)
}

const WIDTH: usize = 900;
const TOP: usize = 72;
const ROW: usize = 176;
const HEADING: f64 = 26.0;
const HEIGHT: f64 = 110.0;
const LEFT: f64 = 60.0;
const SPAN: f64 = 660.0;
