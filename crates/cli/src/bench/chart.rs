//! The figures as a picture: bars of speed on a logarithmic scale.

use std::fmt::Write as _;

use super::measure::Row;

const LEFT: f64 = 130.0;
const WIDTH: f64 = 560.0;
const BAR: f64 = 13.0;
const GAP: f64 = 10.0;
const TOP: f64 = 46.0;
/// Fill colours: ours, then rivals in order; dark enough for white and light enough for black paper.
const COLOURS: [&str; 6] = [
    "#c2571a", "#4477aa", "#44aa77", "#aa9944", "#9966aa", "#777777",
];

/// An SVG of all rows: a group of bars a workload, one bar a contestant, longer is faster.
pub fn draw(rows: &[Row]) -> String {
    let groups: Vec<(&str, Vec<Option<f64>>)> = rows.iter().map(group).collect();
    let speeds = || groups.iter().flat_map(|(_, bars)| bars).flatten().copied();
    let lowest = 10f64.powf(speeds().fold(f64::INFINITY, f64::min).log10().floor());
    let highest = 10f64.powf(speeds().fold(1.0, f64::max).log10().ceil());
    let scale = |speed: f64| WIDTH * (speed / lowest).ln() / (highest / lowest).ln().max(1e-9);
    let bars = groups.first().map_or(1, |(_, bars)| bars.len());
    let step = bars as f64 * BAR + GAP;
    let height = TOP + step * groups.len() as f64 + 24.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"760\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    legend(&mut svg, rows);
    grid(&mut svg, lowest, highest, height, &scale);
    for (number, (name, bars)) in groups.iter().enumerate() {
        let top = TOP + step * number as f64;
        let middle = top + bars.len() as f64 * BAR / 2.0 + 4.0;
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{name}</text>",
            LEFT - 8.0
        );
        for (place, speed) in bars.iter().enumerate() {
            if let Some(speed) = *speed {
                bar(&mut svg, place, top, speed, scale(speed));
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// A workload's name and each contestant's millions of instructions a second.
fn group(row: &Row) -> (&str, Vec<Option<f64>>) {
    let others = row
        .against
        .iter()
        .map(|against| against.measured().then_some(against.mips));
    let bars = std::iter::once(Some(row.mips)).chain(others).collect();
    (row.workload, bars)
}

fn bar(svg: &mut String, place: usize, top: f64, speed: f64, length: f64) {
    let y = top + place as f64 * BAR;
    let colour = COLOURS[place % COLOURS.len()];
    let length = length.max(1.0);
    let _ = writeln!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{}\" fill=\"{colour}\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"9\">{speed:.0}</text>",
        BAR - 2.0,
        LEFT + length + 4.0,
        y + BAR - 4.0
    );
}

fn legend(svg: &mut String, rows: &[Row]) {
    let rivals = rows.first().map_or(&[][..], |row| &row.against);
    let names = std::iter::once("hartland").chain(rivals.iter().map(|rival| rival.name.as_str()));
    for (number, name) in names.enumerate() {
        let x = LEFT + 100.0 * number as f64;
        let colour = COLOURS[number % COLOURS.len()];
        let name = name.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"8\" width=\"10\" height=\"10\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"17\">{name}</text>",
            x + 15.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"34\" fill=\"#555\">million guest instructions a second, logarithmic: longer is faster</text>"
    );
}

fn grid(svg: &mut String, lowest: f64, highest: f64, height: f64, scale: &impl Fn(f64) -> f64) {
    let mut at = lowest;
    while at <= highest * 1.001 {
        let x = LEFT + scale(at);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{}\" stroke=\"#ddd\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#555\">{at}</text>",
            height - 20.0,
            height - 8.0
        );
        at *= 10.0;
    }
}
