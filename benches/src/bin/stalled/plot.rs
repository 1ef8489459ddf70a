//! The runs as a picture.

use core::error::Error;
use core::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use crate::Run;
use crate::run::{Phase, Sample};

const COLORS: [RGBColor; 3] = [
    RGBColor(0, 90, 180),
    RGBColor(200, 60, 20),
    RGBColor(30, 140, 60),
];

#[expect(clippy::cast_precision_loss, reason = "of a picture")]
fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn seconds(samples: &[Sample], phase: Phase) -> f64 {
    let first = samples.iter().find(|sample| sample.phase >= phase);
    first.map_or(0.0, |sample| sample.at.as_secs_f64())
}

/// Lines of live bytes over time, one for each run, on a logarithmic scale.
pub(crate) fn plot(path: &Path, title: &str, runs: &[Run]) -> Result<(), Box<dyn Error>> {
    let samples = || {
        runs.iter()
            .flat_map(|run| &run.samples)
            .filter(|sample| sample.bytes > 0)
    };
    let end = samples()
        .map(|sample| sample.at.as_secs_f64())
        .fold(0.0, f64::max);
    let peak = samples()
        .map(|sample| mebibytes(sample.bytes))
        .fold(1.0, f64::max);
    let stalled = runs.first().map_or(0.0..0.0, |run| Range {
        start: seconds(&run.samples, Phase::Stalled),
        end: seconds(&run.samples, Phase::After),
    });

    let area = SVGBackend::new(path, (900, 520)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 17))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(62)
        .build_cartesian_2d(0.0..end, (0.05..peak * 1.5).log_scale())?;
    chart.draw_series([Rectangle::new(
        [(stalled.start, 0.05), (stalled.end, peak * 1.5)],
        RGBColor(240, 240, 240).filled(),
    )])?;
    chart
        .configure_mesh()
        .x_desc("seconds (grey: a reader holds a reference and does not run)")
        .y_desc("MiB allocated, logarithmic")
        .draw()?;
    let mut named = Vec::new();
    for run in runs {
        let known = named.iter().position(|name| *name == run.map);
        let color = COLORS[known.unwrap_or(named.len()) % COLORS.len()];
        let line = run
            .samples
            .iter()
            .filter(|sample| sample.phase < Phase::Dropped);
        let line = line.map(|sample| (sample.at.as_secs_f64(), mebibytes(sample.bytes).max(0.05)));
        let series = chart.draw_series(LineSeries::new(line, color.stroke_width(2)))?;
        if known.is_none() {
            named.push(run.map);
            series.label(run.map).legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2))
            });
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}
