//! Line charts as SVG, with a logarithmic scale upwards.

use std::fmt::Write as _;

/// A chart of lines over named places.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) unit: &'static str,
    pub(crate) places: Vec<String>,
    /// A name and a value for each place.
    pub(crate) lines: Vec<(String, Vec<Option<f64>>)>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 210.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 40.0;
const COLOURS: [&str; 9] =
    ["#888888", "#222222", "#b08900", "#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#e377c2", "#17becf"];

impl Chart {
    /// `None` if there is nothing to draw.
    pub(crate) fn draw(&self) -> Option<String> {
        let values = || self.lines.iter().flat_map(|(_, values)| values.iter().flatten().copied());
        let (low, high) = (values().reduce(f64::min)?.max(1e-3), values().reduce(f64::max)?.max(1e-2));
        let (low, high) = (low.log10().floor(), high.log10().ceil());
        let high = if high > low { high } else { low + 1.0 };
        let y = |value: f64| HEIGHT - BOTTOM - (value.max(1e-3).log10() - low) / (high - low) * (HEIGHT - TOP - BOTTOM);
        let x = |at: usize| {
            let last = self.places.len().saturating_sub(1).max(1);
            LEFT + 20.0 + float(at) / float(last) * (WIDTH - LEFT - RIGHT - 40.0)
        };
        let mut svg = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#ffffff"/><text x="{LEFT}" y="22" font-size="15">{}</text>"##,
            escape(&self.title)
        );
        let mut power = low;
        while power <= high {
            let (at, label) = (y(10f64.powf(power)), label(10f64.powf(power)));
            let _ = write!(
                svg,
                r##"<line x1="{LEFT}" x2="{:.0}" y1="{at:.1}" y2="{at:.1}" stroke="#dddddd"/><text x="{:.0}" y="{:.1}" text-anchor="end">{label}</text>"##,
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0
            );
            power += 1.0;
        }
        let _ = write!(svg, r#"<text x="6" y="{:.0}">{}</text>"#, TOP - 4.0, escape(self.unit));
        for (at, place) in self.places.iter().enumerate() {
            let _ = write!(
                svg,
                r#"<text x="{:.1}" y="{:.0}" text-anchor="middle">{}</text>"#,
                x(at),
                HEIGHT - BOTTOM + 18.0,
                escape(place)
            );
        }
        for (number, (name, values)) in self.lines.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let points: Vec<_> =
                values.iter().enumerate().filter_map(|(at, value)| Some((x(at), y((*value)?)))).collect();
            let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let _ = write!(
                svg,
                r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#,
                path.join(" ")
            );
            for (x, y) in points {
                let _ = write!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}"/>"#);
            }
            let row = TOP + 18.0 * float(number);
            let _ = write!(
                svg,
                r#"<rect x="{:.0}" y="{row:.0}" width="12" height="12" fill="{colour}"/><text x="{:.0}" y="{:.0}">{}</text>"#,
                WIDTH - RIGHT + 14.0,
                WIDTH - RIGHT + 32.0,
                row + 11.0,
                escape(name)
            );
        }
        svg.push_str("</svg>\n");
        Some(svg)
    }
}

fn label(value: f64) -> String {
    if value >= 1e6 {
        format!("{} M", value / 1e6)
    } else if value >= 1e3 {
        format!("{} k", value / 1e3)
    } else {
        format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[expect(clippy::cast_precision_loss, reason = "a chart has few places")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn higher_values_are_drawn_higher_and_missing_ones_not() {
        let lines = vec![("a <b>".to_owned(), vec![Some(10.0), None, Some(1000.0)])];
        let chart =
            Chart { title: "t".to_owned(), unit: "ms", places: ["1", "2", "3"].map(str::to_owned).into(), lines };
        let svg = chart.draw().unwrap();
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains(r#"cx="90.0" cy="360.0""#), "{svg}");
        assert!(svg.contains(r#"cy="40.0""#) && svg.contains("a &lt;b>"), "{svg}");
        assert_eq!(Chart { lines: Vec::new(), ..chart }.draw(), None);
    }
}
