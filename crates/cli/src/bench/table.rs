//! The figures as a table.

use std::fmt::Write as _;

use super::measure::{Against, Row, median};

/// One line a workload, then the geometric mean of the ratios to each rival.
pub fn draw(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<15} {:>8} {:>8} {:>14}",
        "workload", "M steps", "seconds", "hartland"
    );
    let rivals = rows.first().map_or(&[][..], |row| &row.against);
    for rival in rivals {
        // Writing to a string cannot fail.
        let _ = write!(text, "   {:>14} {:<20}", rival.name, "ratio (range)");
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    for row in rows {
        let _ = write!(
            text,
            "{:<15} {:>8.1} {:>8.3} {:>14}",
            row.workload,
            row.steps as f64 / 1e6,
            median(&row.seconds),
            speed(row, row.mips, &row.seconds)
        );
        for against in &row.against {
            let _ = write!(text, "   {}", beside(row, against));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    for (number, rival) in rivals.iter().enumerate() {
        if let Some((mean, count)) = geometric_mean(rows, number) {
            let _ = writeln!(
                text,
                "geometric mean of the ratios to {}, over {count} workloads: {mean:.2}",
                rival.name
            );
        }
    }
    text
}

fn speed(row: &Row, mips: f64, seconds: &[f64]) -> String {
    match row.nanos(seconds) {
        Some(nanos) => format!("{nanos:.0} ns/op"),
        None => format!("{mips:.0} MIPS"),
    }
}

fn beside(row: &Row, against: &Against) -> String {
    if against.failure.is_some() {
        return format!("{:>14} {:<20}", "failed", "");
    }
    if !against.measured() {
        return format!("{:>14} {:<20}", "-", "");
    }
    let [low, middle, high] = against.ratio;
    let ratio = format!("{middle:.2} ({low:.2} to {high:.2})");
    let speed = speed(row, against.mips, &against.seconds);
    format!("{speed:>14} {ratio:<20}")
}

/// The geometric mean of the median ratios to a rival, and of how many workloads; `None` for fewer than two.
fn geometric_mean(rows: &[Row], rival: usize) -> Option<(f64, usize)> {
    let ratios = rows
        .iter()
        .filter_map(|row| row.against.get(rival))
        .filter(|against| against.measured())
        .map(|against| against.ratio[1].ln());
    let logs: Vec<f64> = ratios.collect();
    let mean = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
    (logs.len() > 1).then_some((mean, logs.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(workload: &'static str, operations: Option<u64>, ratio: f64) -> Row {
        Row {
            workload,
            steps: 2_000_000,
            state_hash: String::new(),
            operations,
            seconds: vec![0.1, 0.5, 0.2],
            mips: 10.0,
            against: vec![Against {
                name: "other".to_owned(),
                command: "other {}".to_owned(),
                seconds: vec![0.2],
                mips: 5.0,
                ratio: [ratio, ratio, ratio],
                failure: None,
            }],
        }
    }

    #[test]
    fn computations_have_mips_and_loops_have_nanoseconds() {
        let text = draw(&[row("a", None, 2.0), row("b", Some(1_000_000), 8.0)]);
        let lines: Vec<_> = text.lines().collect();
        assert!(
            lines[1].contains("10 MIPS") && lines[1].contains("5 MIPS"),
            "{text}"
        );
        assert!(lines[2].contains("200 ns/op"), "{text}");
        assert!(lines[3].ends_with("over 2 workloads: 4.00"), "{text}");
    }

    #[test]
    fn a_failure_is_no_figure() {
        let mut failed = row("a", None, 2.0);
        failed.against[0].failure = Some("it broke".to_owned());
        let text = draw(&[failed, row("b", None, 3.0)]);
        assert!(text.contains("failed"), "{text}");
        assert!(!text.contains("geometric"), "{text}");
    }
}
